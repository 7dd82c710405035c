"""Why two municipalities should meet, in the reader's words. Texts are English here and their own message ids."""

from corpus.network import Need, Offer
from corpus.vocabulary import Theme, label
from service.fit_sentences import SIZE_BAND_NAMES
from service.i18n import Translator
from service.matchmaking import Introduction, Reason
from service.page_words import message
from service.transferability import Evidence

PART_NAMES = {
    "problem": message("The problem"),
    "themes": message("Themes"),
    "language": message("Language"),
    "distance": message("Distance"),
    "size_band": message("Size"),
}

FINDINGS = {
    ("problem", "close", Offer): message("What is offered is close to what is needed."),
    ("problem", "related", Offer): message("What is offered is related to what is needed."),
    ("problem", "close", Need): message("Both have much the same problem."),
    ("problem", "related", Need): message("Both have related problems."),
}
OTHERS = {
    ("themes", "shared"): message("Themes in common: {shared}."),
    ("themes", "none-shared"): message("No theme in common."),
    ("themes", "unknown"): message("Themes in common: not known, for want of themes."),
    ("language", "same"): message("Both read {shared}, and both texts are in the same language."),
    ("language", "read-by-both"): message("Both read {shared}; the texts are in different languages."),
    ("language", "third"): message("Both read {shared}, though neither text is in it."),
    ("language", "none-shared"): message("They read no language in common."),
    ("language", "unknown"): message("Which languages they read is not known."),
    ("distance", "unknown"): message("How far apart they are is not known."),
    ("size_band", "other"): message("Of different size: {theirs}, and {yours}."),
    ("size_band", "unknown"): message("Whether they are of a size is not known."),
}

UNMATCHED = {
    Reason.NO_INTRODUCTION: message("Nobody who takes part offers what it needs, or needs what it offers."),
    Reason.LIMITS: message("It has met all who could help already, or reads no language of theirs."),
    Reason.OUTWEIGHED: message("Others had better use for the same meetings."),
    Reason.NO_ROUND: message("Its meetings did not fit into the rounds."),
}


def part_name(code: str, say: Translator) -> str:
    """The name of a part of the score."""
    return say(PART_NAMES[code])


def sentence(evidence: Evidence, introduced: Introduction, say: Translator) -> str:
    """What one part of a score found."""
    part, finding = evidence.factor, evidence.finding
    if part == "problem":
        return say(FINDINGS[part, finding, type(introduced.pair.counterpart)])
    if part == "distance" and evidence.score is not None:
        return say(
            "About {distance} km apart, as the crow flies.", distance=say.number(introduced.pair.distance_km or 0)
        )
    if part == "size_band" and evidence.score is not None:
        theirs, yours = (say(SIZE_BAND_NAMES[int(str(band))]) for band in (evidence.source, evidence.target))
        if finding == "same":
            return say("Both have {yours}.", yours=yours)
        return say(OTHERS[part, finding], theirs=theirs, yours=yours)
    return say(OTHERS[part, finding], shared=_shared(introduced, part, say))


def _shared(introduced: Introduction, part: str, say: Translator) -> str:
    pair = introduced.pair
    if part == "themes":
        return ", ".join(label(Theme(theme), say.language) for theme in pair.themes)
    return ", ".join(say.language_name(code.value) for code in pair.languages)


def unmatched(reason: Reason, say: Translator) -> str:
    """Why a member meets nobody."""
    return say(UNMATCHED[reason])
