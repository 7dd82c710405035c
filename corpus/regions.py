"""The regions of Spain and Italy under all their names: "Cataluña", "Catalogna" and "Catalunya" are one."""

from corpus.place_names import loose_name, plain_name

# Our word for each, in the region's own language; then how Catalan, Spanish, Italian and English write it
# where they differ.
REGION_NAMES: dict[str, dict[str, str]] = {
    "Andalucía": {"ca": "Andalusia", "it": "Andalusia", "en": "Andalusia"},
    "Aragón": {"ca": "Aragó", "it": "Aragona", "en": "Aragon"},
    "Asturias": {"ca": "Astúries", "es": "Asturias", "it": "Asturie"},
    "Canarias": {"ca": "Canàries", "it": "Canarie", "en": "Canary Islands"},
    "Cantabria": {"ca": "Cantàbria"},
    "Castilla y León": {"ca": "Castella i Lleó", "it": "Castiglia e León", "en": "Castile and León"},
    "Castilla-La Mancha": {"ca": "Castella-la Manxa", "it": "Castiglia-La Mancia"},
    "Catalunya": {"es": "Cataluña", "it": "Catalogna", "en": "Catalonia"},
    "Ceuta": {},
    "Comunidad de Madrid": {"ca": "Comunitat de Madrid", "it": "Comunità di Madrid", "en": "Madrid"},
    "Comunitat Valenciana": {
        "es": "Comunidad Valenciana",
        "it": "Comunità Valenciana",
        "en": "Valencian Community",
    },
    "Euskadi": {"ca": "País Basc", "es": "País Vasco", "it": "Paesi Baschi", "en": "Basque Country"},
    "Extremadura": {"it": "Estremadura"},
    "Galicia": {"ca": "Galícia", "it": "Galizia"},
    "Illes Balears": {"es": "Islas Baleares", "it": "Isole Baleari", "en": "Balearic Islands"},
    "La Rioja": {},
    "Melilla": {},
    "Navarra": {"en": "Navarre"},
    "Región de Murcia": {"ca": "Regió de Múrcia", "it": "Murcia", "en": "Murcia"},
    "Abruzzo": {"ca": "Abruços", "es": "Abruzos"},
    "Basilicata": {},
    "Calabria": {"ca": "Calàbria"},
    "Campania": {"ca": "Campània"},
    "Emilia-Romagna": {"ca": "Emília-Romanya", "es": "Emilia-Romaña"},
    "Friuli-Venezia Giulia": {"ca": "Friül-Venècia Júlia", "es": "Friul-Venecia Julia"},
    "Lazio": {"ca": "Laci", "es": "Lacio"},
    "Liguria": {"ca": "Ligúria"},
    "Lombardia": {"ca": "Llombardia", "es": "Lombardía", "en": "Lombardy"},
    "Marche": {"ca": "Marques", "es": "Marcas"},
    "Molise": {},
    "Piemonte": {"ca": "Piemont", "es": "Piamonte", "en": "Piedmont"},
    "Puglia": {"ca": "Pulla", "es": "Apulia", "en": "Apulia"},
    "Sardegna": {"ca": "Sardenya", "es": "Cerdeña", "en": "Sardinia"},
    "Sicilia": {"ca": "Sicília", "en": "Sicily"},
    "Toscana": {"en": "Tuscany"},
    "Trentino-Alto Adige": {"ca": "Trentino-Tirol del Sud", "es": "Trentino-Alto Adigio", "en": "South Tyrol"},
    "Umbria": {"ca": "Úmbria", "es": "Umbría"},
    "Valle d'Aosta": {"ca": "Vall d'Aosta", "es": "Valle de Aosta", "en": "Aosta Valley"},
    "Veneto": {"ca": "Vèneto", "es": "Véneto"},
}
_MORE_REGION_NAMES = {
    "Baleares": "Illes Balears",
    "Balears": "Illes Balears",
    "Comunidad Foral de Navarra": "Navarra",
    "Nafarroa": "Navarra",
    "País Valencià": "Comunitat Valenciana",
    "Principado de Asturias": "Asturias",
    "Trentino-Alto Adige/Südtirol": "Trentino-Alto Adige",
    "Valle d'Aosta/Vallée d'Aoste": "Valle d'Aosta",
    "Vallée d'Aoste": "Valle d'Aosta",
}
_COUNTRY_NAMES = {
    "ES": ("España", "Espanya", "Spagna", "Spain"),
    "IT": ("Italia", "Itàlia", "Italy"),
    "AD": ("Andorra",),
}

_REGION_OF = {
    loose_name(name): region
    for region, names in REGION_NAMES.items()
    for name in (region, *names.values(), *(more for more, own in _MORE_REGION_NAMES.items() if own == region))
}
_COUNTRY_OF = {plain_name(name): code for code, names in _COUNTRY_NAMES.items() for name in (code, *names)}


def canonical_region(name: str) -> str:
    """Our word for a region named in any language, case and accents aside; an unknown name comes back as is."""
    return _REGION_OF.get(loose_name(name), name)


def same_region(one: str | None, other: str | None) -> bool:
    """Whether two names mean one region. A missing name means none; one we do not know, only itself."""
    if not one or not other:
        return False
    return loose_name(canonical_region(one)) == loose_name(canonical_region(other))


def region_in(region: str, language: str) -> str:
    """A region, given by any of its names, in one of our languages; an unknown name comes back as it is."""
    own = canonical_region(region)
    return REGION_NAMES.get(own, {}).get(language, own)


def country_code(name: str) -> str | None:
    """ISO 3166-1 alpha-2 of Spain, Italy or Andorra, named in any of our languages or by that code."""
    return _COUNTRY_OF.get(plain_name(name))
