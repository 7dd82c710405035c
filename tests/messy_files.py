# ruff: noqa: E501 - a table reads best with a practice a line
"""Files as towns send them: merged titles, odd headings, money and dates in every form, in our own words.

The same thirty practices, ten a language, are told in a workbook and in a Word document; `TOLD` says what
each must become.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

import docx
from openpyxl import Workbook


@dataclass(frozen=True)
class Told:
    """One practice in a town's words, and the values they stand for."""

    title: str
    town: str
    problem: str
    actions: str
    status_said: str
    status: str
    start_said: str
    start_year: int | None
    end_said: str
    end_year: int | None
    budget_said: str
    budget: list[dict[str, Any]]
    themes_said: str
    themes: list[str]
    groups_said: str = ""
    groups: list[str] = field(default_factory=list)


def eur(amount: float, **more: Any) -> dict[str, Any]:
    """A budget line as it should be read."""
    return {"amount_eur": amount, **more}


CATALAN = [
    Told("Trucades de bon dia", "Ajuntament d'Olot", "Hi ha persones grans que passen dies sense parlar amb ningú.", "Un grup de voluntaris truca cada matí a qui ho demana.", "En curs", "in-progress", "2013 (gener)", 2013, "en curs", None, "20.798,12 €", [eur(20798.12)], "Soledat no desitjada", ["loneliness"], "Gent gran que viu sola", ["older-people-alone"]),
    Told("Taula del menjar", "Vic", "Moltes famílies no arriben a final de mes.", "Les botigues donen el menjar que no venen.", "Consolidat", "consolidated", "des de 2017", 2017, "-", None, "200 €", [eur(200)], "Ajuda alimentària; Voluntariat i bancs del temps", ["food-aid", "volunteering"]),
    Told("Porta a porta de l'energia", "Manlleu", "La factura de la llum es menja la renda de molts habitatges.", "Dues tècniques visiten cada casa i canvien la potència.", "Acabats", "finished", "març de 2016", 2016, "31/12/2019", 2019, "1.5 M€", [eur(1_500_000)], "energy-poverty", ["energy-poverty"]),
    Told("Bus de la vall", "Consell Comarcal del Ripollès", "Els pobles petits no tenen transport per anar al metge.", "Un taxi compartit es demana per telèfon.", "en curs (fase pilot)", "in-progress", "2021", 2021, "Actualitat", None, "€ 1.200.000", [eur(1_200_000)], "Mobilitat i transport, Serveis al món rural", ["mobility", "rural-services"]),
    Told("Aules obertes", "Ajuntament del Prat de Llobregat", "Els adolescents no tenen on estudiar a la tarda.", "L'institut obre fins a les nou amb dues educadores.", "Consolidada", "consolidated", "01/09/2018", 2018, "", None, "Personal: 12.000 €; Material: 956 €", [eur(12000, purpose="Personal"), eur(956, purpose="Material")], "Èxit escolar i equitat educativa", ["school-success"], "Adolescents", ["adolescents"]),
    Told("Mediació al replà", "Salt", "Els conflictes entre veïns acaben en denúncies.", "Persones formades de cada escala fan de mediadores.", "Finalitzada", "finished", "2015", 2015, "2018", 2018, "8.034,40 € anuals", [eur(8034.40, scope="annual")], "Convivència i interculturalitat", ["coexistence"], "Barris", ["neighbourhoods"]),
    Told("Feina a mida", "Ajuntament de Berga", "Les persones aturades de més de 50 anys no troben feina.", "Un tutor acompanya cada persona durant un any.", "☐ En curs ☒ Consolidat ☐ Acabat", "consolidated", "curs 2019", 2019, "vigent", None, "40 mil euros (2022)", [eur(40000, year=2022)], "Ocupació i inserció laboral", ["employment"], "Persones a l'atur", ["unemployed-people"]),
    Told("La casa compartida", "Figueres", "Els joves extutelats queden al carrer als divuit anys.", "Tres pisos amb una educadora de referència.", "Projecte pilot", "in-progress", "2022-03", 2022, "sense data", None, "12500", [eur(12500)], "Habitatge", ["housing"], "Joves", ["young-people"]),
    Told("Clica amb mi", "Ajuntament de la Garriga", "Els tràmits només es fan per internet.", "Alumnes de batxillerat acompanyen la gent gran.", "EN CURS*", "in-progress", "2020", 2020, "en curs", None, "Pressupost total: 3.400 €", [eur(3400, scope="whole")], "Inclusió digital", ["digital-inclusion"], "Gent gran", ["older-people"]),
    Told("Punt lila a totes les festes", "Banyoles", "Les agressions sexistes a les festes no es denuncien.", "Un punt atès per professionals i un protocol comú.", "consolidat", "consolidated", "2018", 2018, "n/a", None, "1,2 milions d'euros", [eur(1_200_000)], "Violència masclista", ["gender-violence"], "Dones", ["women"]),
]  # fmt: skip

SPANISH = [
    Told("Vecinas que llaman", "Ayuntamiento de Ronda", "Muchas personas mayores no hablan con nadie en días.", "Voluntarias llaman por teléfono dos veces por semana.", "en curso", "in-progress", "enero de 2019", 2019, "en curso", None, "3.500 €", [eur(3500)], "Soledad no deseada", ["loneliness"], "Personas mayores", ["older-people"]),
    Told("Huerto de las oportunidades", "Baza", "Las personas sin empleo pierden el ritmo del trabajo.", "Se cultiva un huerto municipal con formación diaria.", "consolidado", "consolidated", "desde 2014", 2014, "Actualidad", None, "€ 45.000", [eur(45000)], "Empleo e inserción laboral", ["employment"], "Personas desempleadas", ["unemployed-people"]),
    Told("Ventanilla que escucha", "Ayuntamiento de Soria", "La gente va de oficina en oficina sin respuesta.", "Una sola profesional lleva cada caso de principio a fin.", "finalizado", "finished", "2015", 2015, "2018", 2018, "2018: 12.000 €", [eur(12000, year=2018)], "Atención integrada y gestión de casos", ["case-management"]),
    Told("Comedor con mantel", "Mérida", "El comedor social señala a quien lo usa.", "Los bares del barrio sirven menús con una tarjeta igual para todos.", "Consolidada", "consolidated", "2017", 2017, "indefinido", None, "0,5 millones de euros", [eur(500_000)], "Ayuda alimentaria", ["food-aid"], "Personas en situación de pobreza", ["people-in-poverty"]),
    Told("Ruta del agua fresca", "Écija", "En verano el calor encierra a los mayores en casa.", "Una ruta de fuentes y bancos a la sombra.", "Proyecto piloto", "in-progress", "15/06/2023", 2023, "s/d", None, "2.300,50 EUR", [eur(2300.5)], "Promoción de la salud", ["health-promotion"]),
    Told("Cuentas claras de la luz", "Ayuntamiento de Linares", "Hay hogares que cortan la luz para poder comer.", "Talleres y visitas para bajar la factura.", "Terminado", "finished", "2016", 2016, "dic. 2019", 2019, "Personal: 18.000 € y material: 1.500 €", [eur(18000, purpose="Personal"), eur(1500, purpose="material")], "Pobreza energética", ["energy-poverty"]),
    Told("Abuelas maestras", "Teruel", "Las familias recién llegadas no conocen el pueblo.", "Mujeres mayores enseñan el idioma y las costumbres.", "[ ] En curso [x] Consolidado [ ] Finalizado", "consolidated", "2012", 2012, "vigente", None, "600 €/año", [eur(600, scope="annual")], "Migración y acogida", ["migration"], "Personas migrantes", ["migrants"]),
    Told("Llaves de un hogar", "Ayuntamiento de Cáceres", "Personas que duermen en la calle encadenan albergues.", "Primero la vivienda, después el acompañamiento.", "En marcha", "in-progress", "2020", 2020, "", None, "120000", [eur(120000)], "Sinhogarismo / Vivienda", ["homelessness", "housing"], "Personas sin hogar", ["homeless-people"]),
    Told("Mancomunidad que cuida", "Mancomunidad del Alto Jalón", "Los pueblos pequeños no pueden pagar una trabajadora social.", "Seis ayuntamientos comparten el equipo.", "consolidados", "consolidated", "2011", 2011, "—", None, "Coste total: 230 mil €", [eur(230000, scope="whole")], "Servicios en el medio rural", ["rural-services"]),
    Told("Patio sin barreras", "Utrera", "Los niños con discapacidad no juegan en el parque.", "Un parque pensado con las familias.", "Acabado", "finished", "2019", 2019, "2021", 2021, "89.900 €", [eur(89900)], "Discapacidad; Accesibilidad universal", ["disability", "accessibility"], "Infancia", ["children"]),
]  # fmt: skip

ITALIAN = [
    Told("Il portone accanto", "Comune di Lecce", "Molti anziani soli non escono più di casa.", "I portieri di quartiere fanno visita due volte a settimana.", "in corso", "in-progress", "dal 2019", 2019, "in corso", None, "€ 20.798,12", [eur(20798.12)], "Solitudine e isolamento sociale", ["loneliness"], "Persone anziane sole", ["older-people-alone"]),
    Told("La dispensa solidale", "Bitonto", "Le famiglie in difficoltà si vergognano di chiedere.", "Una dispensa aperta, gestita dalle parrocchie e dal Comune.", "consolidato", "consolidated", "2016", 2016, "oggi", None, "15.000 euro", [eur(15000)], "Aiuti alimentari", ["food-aid"], "Famiglie", ["families"]),
    Told("Presa in carico unica", "Ambito Territoriale Sociale di Maglie", "Ogni servizio apriva una cartella diversa.", "Una cartella sola e un'équipe che si riunisce ogni settimana.", "concluso", "finished", "gennaio 2017", 2017, "31.12.2020", 2020, "1,2 milioni di euro", [eur(1_200_000)], "Presa in carico integrata", ["case-management"]),
    Told("Doposcuola in biblioteca", "Comune di Andria", "I ragazzi lasciano la scuola prima del diploma.", "Studenti universitari seguono i compiti ogni pomeriggio.", "A regime", "consolidated", "2014", 2014, "n/d", None, "Personale: 9.000 €; Materiali: 450 €", [eur(9000, purpose="Personale"), eur(450, purpose="Materiali")], "Successo scolastico e povertà educativa", ["school-success"], "Adolescenti", ["adolescents"]),
    Told("Il taxi delle terapie", "Martina Franca", "Chi abita in campagna non riesce a curarsi.", "Volontari accompagnano i malati all'ospedale.", "progetto pilota", "in-progress", "01/03/2022", 2022, "", None, "7500", [eur(7500)], "Mobilità e trasporti", ["mobility"]),
    Told("Case che si aprono", "Comune di Gravina in Puglia", "I giovani con disabilità restano con i genitori.", "Quattro appartamenti con operatori a turno.", "☒ consolidato ☐ in corso ☐ concluso", "consolidated", "2015", 2015, "attualmente", None, "80 mila euro (2021)", [eur(80000, year=2021)], "Disabilità", ["disability"], "Persone con disabilità", ["people-with-disabilities"]),
    Told("La bolletta leggera", "Comune dell'Aquila", "Le bollette pesano sui redditi più bassi.", "Sportello energia con tecnici in pensione.", "terminato", "finished", "2018", 2018, "2021", 2021, "12.000 € annui", [eur(12000, scope="annual")], "Povertà energetica", ["energy-poverty"]),
    Told("Donne in piazza", "Comune di Bari", "Le donne non sanno dove chiedere aiuto.", "Un camper dei servizi gira i mercati.", "In corso", "in-progress", "2021", 2021, "in corso", None, "33.333,33 €", [eur(33333.33)], "Violenza di genere", ["gender-violence"], "Donne", ["women"]),
    Told("Orti di confine", "Ostuni", "I nuovi arrivati e i residenti non si incontrano.", "Orti comuni tra il centro di accoglienza e il quartiere.", "Consolidati", "consolidated", "2013", 2013, "-", None, "2 M€", [eur(2_000_000)], "Convivenza e intercultura; Immigrazione e integrazione", ["coexistence", "migration"]),
    Told("Clausole che lavorano", "Comune di Fasano", "Gli appalti non creavano lavoro per chi è fragile.", "Ogni gara riserva posti a persone svantaggiate.", "chiuso", "finished", "2012", 2012, "2016", 2016, "Budget totale: 5.000 €", [eur(5000, scope="whole")], "puglia-procurement", ["puglia-procurement"]),
]  # fmt: skip

TOLD: dict[str, Sequence[Told]] = {"ca": CATALAN, "es": SPANISH, "it": ITALIAN}

TOWN_NAMES = {
    **{f"Ajuntament {said}": name for said, name in [("d'Olot", "Olot"), ("de Berga", "Berga"), ("del Prat de Llobregat", "El Prat de Llobregat"), ("de la Garriga", "La Garriga")]},
    **{f"Ayuntamiento de {name}": name for name in ("Ronda", "Soria", "Linares", "Cáceres")},
    **{f"Comune di {name}": name for name in ("Lecce", "Andria", "Gravina in Puglia", "Bari", "Fasano")},
    "Comune dell'Aquila": "L'Aquila",
}  # fmt: skip
BODY_TYPES = {
    "Consell Comarcal del Ripollès": "comarca",
    "Mancomunidad del Alto Jalón": "mancomunidad",
    "Ambito Territoriale Sociale di Maglie": "ambito",
}

_SHEETS: dict[str, dict[str, Any]] = {
    "ca": {
        "banner": "RECULL DE BONES PRÀCTIQUES SOCIALS 2024",
        "note": "Ompliu una fila per pràctica. Camps obligatoris amb *",
        "header": ["Núm.", "NOM DE LA PRÀCTICA *", "Ens promotor", "Problema al qual dona solució (màx. 300 paraules)", "Accions principals", "Estat del projecte", "Calendari", None, "Pressupost (€)", "Temes", "Col·lectius", "Observacions", "Regidoria"],
        "under_calendar": ("Data d'inici", "Data de finalització"),
    },
    "es": {
        "banner": "Banco de buenas prácticas",
        "note": "No modifique las columnas",
        "header": ["Nº", "Título de la práctica", "Entidad", "A. Problema al que da solución:", "B. Actuaciones realizadas:", "ESTADO", "Calendario", None, "Coste", "Ámbito temático", "Destinatarios", "Observaciones", "Concejalía"],
        "under_calendar": ("Fecha de inicio", "Fecha de fin"),
    },
    "it": {
        "banner": "Banca dati delle buone pratiche - candidature",
        "note": "Compilare una riga per ogni esperienza",
        "header": ["N.", "Titolo dell'esperienza", "Ente proponente", "Bisogno rilevato", "Azioni realizzate", "Stato del progetto", "Periodo", None, "Budget", "Area tematica", "Destinatari", "Note", "Assessorato"],
        "under_calendar": ("Data di inizio", "Data di conclusione"),
    },
}  # fmt: skip


def messy_workbook(language: str) -> bytes:
    """A workbook with an instruction sheet, title lines, a header of two rows, gaps and a header repeated."""
    words = _SHEETS[language]
    workbook = Workbook()
    instructions = workbook.active
    instructions.title = "Info"
    instructions["B2"] = words["note"]
    sheet = workbook.create_sheet("Dades")
    sheet["B2"] = words["banner"]
    sheet.merge_cells("B2:N2")
    sheet["B3"] = words["note"]
    for column, name in enumerate(words["header"], 2):
        if name:
            sheet.cell(5, column, name)
        if column not in (8, 9):
            sheet.merge_cells(start_row=5, start_column=column, end_row=6, end_column=column)
    sheet.merge_cells("H5:I5")
    for column, name in enumerate(words["under_calendar"], 8):
        sheet.cell(6, column, name)
    row = 7
    for number, told in enumerate(TOLD[language], 1):
        if number in (4, 8):
            row += 1  # an empty line
        if number == 6:  # the header printed on the next page
            header = [*words["header"][:6], *words["under_calendar"], *words["header"][8:]]
            for column, name in enumerate(header, 2):
                sheet.cell(row, column, name)
            row += 1
        cells: list[Any] = [number, f" {told.title} ", told.town, told.problem, told.actions, told.status_said, told.start_said, told.end_said, told.budget_said, told.themes_said, told.groups_said, "revisat", "Benestar"]  # fmt: skip
        for column, cell in enumerate(cells, 2):
            sheet.cell(row, column, _as_typed(cell))
        row += 1
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


def _as_typed(cell: Any) -> Any:
    """Whole numbers and days stand in a sheet as numbers and dates."""
    if isinstance(cell, str) and cell.isdigit():
        return int(cell)
    for form in ("%d/%m/%Y", "%d.%m.%Y"):
        try:
            return datetime.strptime(cell, form)
        except (TypeError, ValueError):
            continue
    return cell or None


def messy_document(language: str) -> bytes:
    """Ten practices in one Word document: under styled headings (ca), in tables (es), under bold lines (it)."""
    document = docx.Document()
    {"ca": _headed, "es": _tabled, "it": _in_bold}[language](document)
    content = BytesIO()
    document.save(content)
    return content.getvalue()


def _headed(document: Any) -> None:
    document.add_paragraph("Recull de bones pràctiques", style="Title")
    document.add_paragraph("Trobareu aquí les experiències d'enguany.")
    for told in CATALAN:
        document.add_heading(told.title, 1)
        document.add_paragraph("")
        document.add_paragraph(f"Ens: {told.town}")
        document.add_heading("Problema al qual dona solució:", 2)
        document.add_paragraph(told.problem)
        document.add_heading("Accions principals", 2)
        document.add_paragraph(told.actions, style="List Bullet")
        document.add_heading("Calendari", 2)
        document.add_paragraph(f"Data d'inici: {told.start_said}.")
        document.add_paragraph(f"Data d'acabament: {told.end_said}")
        document.add_heading("Pressupost:", 2)
        document.add_paragraph(told.budget_said, style="List Bullet")
        document.add_heading("Altres dades", 2)
        document.add_heading("Temes", 2)
        document.add_paragraph(told.themes_said)
        document.add_heading("Persones destinatàries", 2)
        document.add_paragraph(told.groups_said)
        document.add_heading("Estat del projecte", 2)
        document.add_paragraph(told.status_said)
        document.add_paragraph("* Possibles estats del projecte")
        document.add_paragraph("En curs: Projectes que comencen o es proven.")
        document.add_paragraph("Consolidats: Projectes que creixen després d'una bona valoració.")
        document.add_paragraph("Acabats: Projectes que ja no es fan.")


def _tabled(document: Any) -> None:
    document.add_heading("FORMULARIO DE CANDIDATURA", 1)
    for told in SPANISH:
        document.add_paragraph("Rellene todos los campos.")
        table = document.add_table(rows=0, cols=2)
        rows = [
            ("1. DATOS GENERALES", None),
            ("Título de la práctica", told.title),
            ("Entidad", told.town),
            ("Persona de contacto", "Nombre Apellido"),
            ("2. CONTENIDO", None),
            ("Problema al que da solución\n(máx. 500 palabras)", told.problem),
            ("Actuaciones realizadas", told.actions),
            ("Estado del proyecto", told.status_said),
            ("Fecha de inicio", told.start_said),
            ("Fecha de finalización", told.end_said),
            ("Presupuesto", told.budget_said),
            ("Ámbito temático", told.themes_said),
            ("Personas destinatarias", told.groups_said),
        ]
        for label, value in rows:
            cells = table.add_row().cells
            if value is None:
                cells[0].merge(cells[1]).text = label
            else:
                cells[0].text, cells[1].text = label, value


def _in_bold(document: Any) -> None:
    document.add_paragraph().add_run("Scheda di candidatura").bold = True
    for told in ITALIAN:
        for label, value in [
            ("Titolo:", told.title),
            ("Ente proponente:", told.town),
            ("Bisogno rilevato", told.problem),
            ("Azioni realizzate", told.actions),
            ("Stato di attuazione:", told.status_said),
            ("Data di avvio", told.start_said),
            ("Data di conclusione", told.end_said),
            ("Budget", told.budget_said),
            ("Area tematica", told.themes_said),
            ("Destinatari", told.groups_said),
        ]:
            paragraph = document.add_paragraph()
            paragraph.add_run(label).bold = True
            if label.endswith(":"):
                paragraph.add_run(f" {value}")
            else:
                document.add_paragraph(value)


BARCELONA_LIKE_PAGE = """<!DOCTYPE html>
<html lang="es"><head><meta charset="utf-8"><title>Escales amigues | Drets Socials</title>
<script>var a = "Objectius:";</script><style>p {color: red}</style></head>
<body>
<header><a href="/">Ajuntament</a><nav><ul><li><a href="/">Inici</a></li><li>Objectius</li></ul></nav></header>
<div class="cookie-banner">Fem servir galetes.</div>
<main>
<h1>Escales amigues</h1>
<div class="field"><strong>Descripció:&nbsp;</strong><p>Les comunitats de veïns es coneixen poc.</p>
<p>El projecte les ajuda a trobar-se, escala per escala.</p></div>
<h3>Problema al qual dona solució:</h3><p>La gent gran que viu en pisos sense ascensor queda aïllada.</p>
<h3>Objectius:</h3><p>Volem que cada escala tingui qui la miri.</p>
<p>Els objectius més concrets són:</p>
<ul><li>Trobar qui no surt de casa.</li><li>Fer que els veïns s'ajudin.</li></ul>
<p><b>Els impactes són:</b></p>
<ul><li>54 escales identificades.</li><li>Persones ateses: 1.250</li><li>5 festes de barri: 850 assistents.</li>
<li>Satisfacció: 92,5 % (2018)</li><li>Presència en congressos.</li></ul>
<div><strong>Accions principals:</strong></div><ul><li>Visites porta a porta.</li><li>Festa de l'escala.</li></ul>
<div><strong>Actors claus:</strong></div>
<ul><li>Departament de Barris (coordinació del projecte).</li><li>Associació de veïns.</li></ul>
<h3>Calendari:</h3><p>Data d'inici: 2013 (gener).</p><p>Data d'acabament: en curs.</p>
<h3>Pressupost:</h3><p>Dades corresponents a 2018:</p>
<ul><li>Formació de les referents: 200&nbsp;€</li><li>Suport metodològic extern: 20.798,12 €</li>
<li>Difusió (material gràfic: vídeo i butlletí): 8.034,40 €</li><li>Festa de l'escala: 956 €</li></ul>
<h3>Estat del projecte:</h3><p>En curs*</p>
<p>* Possibles estats del projecte</p>
<p>En curs: Projectes que comencen, es pensen o es proven.</p>
<p>Consolidats: Projectes que creixen després d'una primera valoració.</p>
<p>Acabats: Projectes que ja s'han acabat.</p>
<div>Ajuntament de BarcelonaÀrea de Drets Socials<a>Contacta</a><a>Avís legal</a> <a>Accessibilitat</a></div>
</main>
<footer>Ajuntament de Barcelona <a href="/c">Contacta</a><a href="/l">Avís legal</a></footer>
</body></html>
"""
