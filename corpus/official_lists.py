"""The official lists of INE (Spain) and ISTAT (Italy): codes, names and populations, read and taken in.

A list is told by its headings. Populations are inhabitants, areas square kilometres.
"""

import re
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from corpus.errors import Problem, UnreadableSource
from corpus.geonames import locate
from corpus.municipality import Municipality
from corpus.official_table import read_table
from corpus.place_names import plain_name, upright_name
from corpus.places import MUNICIPALITIES_FILE, load_geonames, read_places, write_places
from corpus.regions import canonical_region

_INE_PROVINCE = {
    "01": ("Araba/Álava", "Euskadi"),
    "02": ("Albacete", "Castilla-La Mancha"),
    "03": ("Alicante/Alacant", "Comunitat Valenciana"),
    "04": ("Almería", "Andalucía"),
    "05": ("Ávila", "Castilla y León"),
    "06": ("Badajoz", "Extremadura"),
    "07": ("Illes Balears", "Illes Balears"),
    "08": ("Barcelona", "Catalunya"),
    "09": ("Burgos", "Castilla y León"),
    "10": ("Cáceres", "Extremadura"),
    "11": ("Cádiz", "Andalucía"),
    "12": ("Castellón/Castelló", "Comunitat Valenciana"),
    "13": ("Ciudad Real", "Castilla-La Mancha"),
    "14": ("Córdoba", "Andalucía"),
    "15": ("A Coruña", "Galicia"),
    "16": ("Cuenca", "Castilla-La Mancha"),
    "17": ("Girona", "Catalunya"),
    "18": ("Granada", "Andalucía"),
    "19": ("Guadalajara", "Castilla-La Mancha"),
    "20": ("Gipuzkoa", "Euskadi"),
    "21": ("Huelva", "Andalucía"),
    "22": ("Huesca", "Aragón"),
    "23": ("Jaén", "Andalucía"),
    "24": ("León", "Castilla y León"),
    "25": ("Lleida", "Catalunya"),
    "26": ("La Rioja", "La Rioja"),
    "27": ("Lugo", "Galicia"),
    "28": ("Madrid", "Comunidad de Madrid"),
    "29": ("Málaga", "Andalucía"),
    "30": ("Murcia", "Región de Murcia"),
    "31": ("Navarra", "Navarra"),
    "32": ("Ourense", "Galicia"),
    "33": ("Asturias", "Asturias"),
    "34": ("Palencia", "Castilla y León"),
    "35": ("Las Palmas", "Canarias"),
    "36": ("Pontevedra", "Galicia"),
    "37": ("Salamanca", "Castilla y León"),
    "38": ("Santa Cruz de Tenerife", "Canarias"),
    "39": ("Cantabria", "Cantabria"),
    "40": ("Segovia", "Castilla y León"),
    "41": ("Sevilla", "Andalucía"),
    "42": ("Soria", "Castilla y León"),
    "43": ("Tarragona", "Catalunya"),
    "44": ("Teruel", "Aragón"),
    "45": ("Toledo", "Castilla-La Mancha"),
    "46": ("Valencia/València", "Comunitat Valenciana"),
    "47": ("Valladolid", "Castilla y León"),
    "48": ("Bizkaia", "Euskadi"),
    "49": ("Zamora", "Castilla y León"),
    "50": ("Zaragoza", "Aragón"),
    "51": ("Ceuta", "Ceuta"),
    "52": ("Melilla", "Melilla"),
}
_LOWER_CASE_ARTICLE = {
    "Catalunya",
    "Illes Balears",
}  # INE writes "Hospitalet de Llobregat, L'"; they write "l'H..."

# Headings as `plain_name` folds them, line breaks and all; the first that a list has is read.
_ISTAT_CODE = (
    "codice comune formato alfanumerico",
    "codice comune",
    "codice istat",
    "codice istat del comune",
    "codice istat del comune alfanumerico",
    "pro com t",
    "itter107",
    "ref area",
)
_ISTAT_NAME = ("denominazione in italiano", "denominazione comune", "comune", "territorio", "denominazione")
_ISTAT_OTHER_NAME = ("denominazione altra lingua",)
_ISTAT_REGION = ("denominazione regione", "regione", "den reg")
_ISTAT_PROVINCE = (
    "denominazione dell unita territoriale sovracomunale valida a fini statistici",
    "denominazione provincia",
    "provincia",
    "den prov",
)
_ISTAT_AREA = ("superficie territoriale kmq", "superficie totale km2", "superficie kmq", "superficie km2")
_ISTAT_POPULATION = ("popolazione residente", "pop res", "popolazione", "popolazione legale", "totale", "value")
_ISTAT_AGE = ("eta",)  # POSAS counts every year of age; 999 is the sum
_INE_POPULATION = re.compile(r"pob(?:lacion)?\d*$")  # POB23
_HEADING_ROWS = 15  # titles and notes stand above the headings


@dataclass(frozen=True, slots=True)
class OfficialImport:
    """What one official list brought."""

    source: str  # "ine" or "istat"
    municipalities: int
    population_year: int | None
    located: int  # how many have coordinates, from the one GeoNames place that matches
    problems: tuple[Problem, ...]


def import_official(
    path: Path, data_folder: Path, *, population_year: int | None = None, whole_country: bool = True
) -> OfficialImport:
    """Take an official list of INE or ISTAT (CSV or XLSX) into the data folder; its headings tell which.

    Codes, names and populations are then the official ones. A list of names and one of populations
    join by code, in either order for INE; ISTAT's populations need its "Elenco comuni" first, which
    alone names the regions. Coordinates and other names come from GeoNames where exactly one place
    of the region matches.

    Args:
        population_year: of the populations, when neither headings, title nor file name say it.
        whole_country: the list holds every municipality, so GeoNames places without a match are
            hamlets and quarters, and go. False keeps them.

    Raises:
        UnreadableSource: the file is no such list, or holds no good row. Nothing is written.
    """
    table = read_table(path)
    source, heading_row, columns = _recognise(table, path)
    year = population_year or _year_of(table[: heading_row + 1], columns, path)
    target = data_folder / MUNICIPALITIES_FILE
    known = list(read_places(target)) if target.exists() else []
    before = {each.code: each for each in known if each.code}
    records: dict[str, Municipality] = {}
    problems: list[Problem] = []
    for number, cells in enumerate(table[heading_row + 1 :], start=heading_row + 2):
        if sum(bool(cell) for cell in cells) < 2:
            continue  # blank, or a note below the table
        row = {name: cells[at] for name, at in columns.items() if at < len(cells)}
        if row.get("age", "999").removesuffix(".0").casefold() not in ("999", "totale", "total"):
            continue
        try:
            record = _ine_record(row, year) if source == "ine" else _istat_record(row, year, before)
            _refuse_twice(record, records)
        except _BadCell as bad:
            problems.append(
                Problem(file=path.name, row=number, field=bad.field, value=bad.value, reason=bad.reason)
            )
            continue
        records[record.code or ""] = record
    if not records:
        first = f" First: {problems[0]}." if problems else ""
        raise UnreadableSource(f"{path.name}: holds no municipality that can be read.{first}")

    country = "ES" if source == "ine" else "IT"
    official = before | {code: _joined(before.get(code), record) for code, record in records.items()}
    places = list(load_geonames(data_folder))
    located, claimed = locate(list(official.values()), places)
    whole = {each.country for each in before.values()} - {each.country for each in known if not each.code}
    whole |= {country} if whole_country else set()  # and what an earlier list settled stays settled
    rest = [p for p in places if p.geonames_id not in claimed and p.country not in whole]
    write_places(target, [list(astuple(each)) for each in [*located, *rest]])
    return OfficialImport(
        source=source,
        municipalities=len(records),
        population_year=year if "population" in columns else None,
        located=sum(each.latitude is not None for each in located if each.code in records),
        problems=tuple(problems),
    )


class _BadCell(ValueError):
    """A cell that will not do."""

    def __init__(self, field: str, value: str | None, reason: str) -> None:
        self.field, self.value, self.reason = field, value or "", reason
        super().__init__(reason)


def _recognise(table: list[list[str]], path: Path) -> tuple[str, int, dict[str, int]]:
    """Which list this is, the row of its headings, and where each thing we read stands.

    Raises:
        UnreadableSource: the headings are those of no list we know.
    """
    for number, cells in enumerate(table[:_HEADING_ROWS]):
        headings = [plain_name(cell.replace("_", " ")) for cell in cells]
        # "Codice Comune (1)", "Popolazione residente al 31/12/2022": notes and dates are no part of a heading
        headings = [re.sub(r"(?: al)?(?: \d+)+$", "", heading) for heading in headings]
        places = {heading: at for at, heading in reversed(list(enumerate(headings)))}
        if {"cpro", "cmun", "nombre"} <= places.keys():
            columns = {"province": places["cpro"], "municipality": places["cmun"], "name": places["nombre"]}
            counted = [at for at, heading in enumerate(headings) if _INE_POPULATION.match(heading)]
            return "ine", number, columns | {"population": counted[0]} if counted else columns
        known = {
            "code": _ISTAT_CODE,
            "name": _ISTAT_NAME,
            "other_name": _ISTAT_OTHER_NAME,
            "region": _ISTAT_REGION,
            "province": _ISTAT_PROVINCE,
            "area": _ISTAT_AREA,
            "age": _ISTAT_AGE,
            "population": _ISTAT_POPULATION,
        }
        columns = {
            name: places[first]
            for name, wanted in known.items()
            if (first := next((heading for heading in wanted if heading in places), None))
        }
        if "code" in columns and ({"name", "region"} <= columns.keys() or "population" in columns):
            return "istat", number, columns
    raise UnreadableSource(
        f"{path.name}: is no list of INE (headings CPRO, CMUN, NOMBRE) or ISTAT "
        "(Codice Comune formato alfanumerico, Denominazione in italiano, Denominazione Regione)."
    )


def _year_of(heading_rows: list[list[str]], columns: dict[str, int], path: Path) -> int | None:
    """The year of the populations: from their heading (POB23), else the title, else the file's name."""
    if "population" not in columns:
        return None
    heading = heading_rows[-1][columns["population"]]
    if short := re.search(r"(?:POB|pop_res_)(\d{2})$", heading, re.IGNORECASE):
        return 2000 + int(short[1])
    title = " ".join(cell for row in heading_rows[:-1] for cell in row)
    for text in (heading, title, path.stem):
        if years := re.findall(r"(?<!\d)(?:19|20)\d{2}(?!\d)", text):
            return int(years[-1])
    return None


def _ine_record(row: dict[str, str], year: int | None) -> Municipality:
    province, number = row["province"].zfill(2), row["municipality"].zfill(3)
    if province not in _INE_PROVINCE:
        raise _BadCell("CPRO", row["province"], "is no province of Spain, 01 to 52")
    if not re.fullmatch(r"\d{3}", number):
        raise _BadCell("CMUN", row["municipality"], "must be three digits")
    province_name, region = _INE_PROVINCE[province]
    name = upright_name(row["name"])
    if not name:
        raise _BadCell("NOMBRE", "", "is empty")
    if region in _LOWER_CASE_ARTICLE and name != row["name"]:
        name = name[0].lower() + name[1:]
    population = _population(row)
    return Municipality(
        name=name,
        code=province + number,
        population=population,
        population_year=year if population is not None else None,
        province=province_name,
        region=region,
        country="ES",
        source="ine",
    )


def _istat_record(row: dict[str, str], year: int | None, before: dict[str, Municipality]) -> Municipality:
    code = row["code"].zfill(6)
    if not re.fullmatch(r"\d{6}", code):
        raise _BadCell("Codice Comune", row["code"], "must be six digits")
    known = before.get(code)
    region = row.get("region", "")
    region = canonical_region(region) or (known.region if known else None) or ""
    if not region:
        raise _BadCell("Codice Comune", code, "is not known yet: import ISTAT's Elenco dei comuni first")
    name = row.get("name") or (known.name if known else "")
    if not name:
        raise _BadCell("Denominazione", "", "is empty")
    other = row.get("other_name")
    population = _population(row)
    return Municipality(
        name=name,
        other_names=(other,) if other else (),
        code=code,
        population=population,
        population_year=year if population is not None else None,
        province=row.get("province") or (known.province if known else None),
        region=region,
        country="IT",
        area_km2=_area(row),
        source="istat",
    )


def _refuse_twice(record: Municipality, records: dict[str, Municipality]) -> None:
    if record.code in records:
        raise _BadCell("code", record.code, "stands twice in this list")


def _population(row: dict[str, str]) -> int | None:
    text = row.get("population", "")
    if not text:
        return None
    if not re.fullmatch(r"\d+|\d{1,3}(?:[.,\s]\d{3})+", text):
        raise _BadCell("population", text, "must be a whole number of inhabitants")
    return int(re.sub(r"\D", "", text))


def _area(row: dict[str, str]) -> float | None:
    text = row.get("area", "")
    if "," in text:
        text = text.replace(".", "").replace(",", ".")
    if text and not re.fullmatch(r"\d+(\.\d+)?", text):
        raise _BadCell("area", row["area"], "must be a number of square kilometres")
    return float(text) if text else None


def _joined(before: Municipality | None, now: Municipality) -> Municipality:
    """The newer record, keeping from the older what this list does not say."""
    if before is None:
        return now
    counted = now if now.population is not None else before
    return replace(
        now,
        other_names=tuple(dict.fromkeys((*now.other_names, *before.other_names))),
        population=counted.population,
        population_year=counted.population_year,
        province=now.province or before.province,
        area_km2=now.area_km2 if now.area_km2 is not None else before.area_km2,
    )
