"""Every code has its words in all four languages, and no word stands for two codes."""

from collections import Counter

import pytest

from corpus.vocabulary import VOCABULARIES, BodyType, Language, Theme, label, labels

LANGUAGES = [language.value for language in Language]


def test_the_file_holds_the_vocabularies_and_no_others() -> None:
    assert list(labels()) == list(VOCABULARIES)


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_code_is_labelled_in_the_order_of_the_code_and_none_is_stray(vocabulary: str) -> None:
    assert list(labels()[vocabulary]) == [code.value for code in VOCABULARIES[vocabulary]]


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_code_speaks_four_languages(vocabulary: str) -> None:
    for code, words in labels()[vocabulary].items():
        assert list(words) == LANGUAGES, code
        for language, text in words.items():
            assert isinstance(text, str), (code, language)
            assert text, (code, language)
            assert text == text.strip(), (code, language)
            assert text[0].isupper(), (code, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_no_label_stands_for_two_codes(vocabulary: str, language: str) -> None:
    words = Counter(label_of[language].casefold() for label_of in labels()[vocabulary].values())
    assert [word for word, times in words.items() if times > 1] == []


def test_staff_read_their_own_words() -> None:
    assert label(Theme.LONELINESS, "ca") == "Soledat no desitjada"
    assert label(Theme.HOMELESSNESS, "es") == "Sinhogarismo"
    assert label(BodyType.AMBITO, "it") == "Ambito territoriale sociale"
    assert label(Language.ENGLISH, "en") == "English"


def test_a_language_without_labels_is_refused() -> None:
    with pytest.raises(KeyError):
        label(Theme.LONELINESS, "fr")
