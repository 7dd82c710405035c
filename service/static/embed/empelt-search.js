// <empelt-search>: the search of Empelt inside another site's page. No cookies, nothing stored, no host but Empelt's.
// Texts are set as text, never as HTML; styles are adopted, so a strict content policy of the host holds.

const VERSION = "1.0.0";
const LONGEST_QUERY = 5000; // characters, as the service takes them
const MOST_RESULTS = 20;
const USUAL_RESULTS = 5;
const PATIENCE_MS = 20_000;

// Written by `python -m service.embedding` from the catalogs; do not edit.
const TEXTS = {
  "ca": {
    "problem": "El vostre problema, amb les vostres paraules",
    "hint": "Podeu escriure tot un paràgraf, en català, castellà, italià o anglès. No hi poseu noms de persones.",
    "municipality": "El vostre municipi",
    "optional": "(opcional)",
    "search": "Cerca pràctiques",
    "searching": "S’està cercant…",
    "foundOne": "1 pràctica respon al vostre problema",
    "foundMany": "{count} pràctiques responen al vostre problema",
    "none": "Encara no hi ha cap pràctica del banc que hi respongui",
    "related": "Només relacionades",
    "relatedHint": "Són les que més s’hi acosten, però no hi responen.",
    "onEmpelt": "Vegeu tota la cerca a Empelt",
    "inhabitantsOne": "1 habitant",
    "inhabitantsMany": "{count} habitants",
    "bodyNotKnown": "no se sap de quin ens és",
    "since": "des del {year}",
    "until": "fins al {year}",
    "of100": "{value} de 100",
    "source": "De la fitxa, apartat «{section}»",
    "sections": {
      "title": "Títol",
      "summary": "Resum",
      "problem": "El problema",
      "objectives": "Objectius",
      "actions": "Què es va fer",
      "results": "Resultats",
      "obstacles": "Obstacles",
      "lessons": "Aprenentatges",
      "adaptable_elements": "Què es pot adaptar",
      "core_elements": "Què cal mantenir"
    },
    "strength": {
      "strong": "Coincidència alta",
      "partial": "Coincidència parcial",
      "related": "Relacionada"
    },
    "languages": {
      "ca": "Català",
      "es": "Castellà",
      "it": "Italià",
      "en": "Anglès"
    },
    "status": {
      "in-progress": "En curs",
      "consolidated": "Consolidada",
      "finished": "Finalitzada"
    },
    "evidence": {
      "none": "Sense dades de resultats",
      "self-reported": "Resultats declarats per l'entitat",
      "measured": "Resultats mesurats",
      "externally-evaluated": "Avaluació externa",
      "comparison-group": "Avaluació amb grup de comparació"
    },
    "empty": "Escriviu el problema que voleu resoldre: una frase o tot un paràgraf.",
    "tooLong": "El text és massa llarg: té {length} caràcters i se’n poden cercar {most} com a màxim. Escurceu-lo.",
    "noWords": "El text no té cap lletra ni xifra. Escriviu el problema amb paraules.",
    "whichMunicipality": "Hi ha més d’un municipi que es diu {name}. Quin és el vostre?",
    "unknownMunicipality": "No es coneix cap municipi que es digui {name}.",
    "oneOfThese": "És algun d’aquests?",
    "withoutMunicipality": "Cerca sense municipi",
    "busy": "Ara mateix hi ha moltes persones cercant. Espereu uns segons i torneu-ho a provar.",
    "key": "La clau d’aquest web ja no és vàlida. Aviseu-ne els responsables del web.",
    "refused": "No s’ha pogut fer la cerca",
    "unreachable": "Ara mateix no es pot accedir a la cerca. Torneu-ho a provar d’aquí a una estona.",
    "blocked": "Aquest web no obre enllaços des d’aquí. Copieu l’adreça:"
  },
  "es": {
    "problem": "Su problema, con sus propias palabras",
    "hint": "Puede escribir un párrafo entero, en catalán, castellano, italiano o inglés. No ponga nombres de personas.",
    "municipality": "Su municipio",
    "optional": "(opcional)",
    "search": "Buscar prácticas",
    "searching": "Buscando…",
    "foundOne": "1 práctica responde a su problema",
    "foundMany": "{count} prácticas responden a su problema",
    "none": "Todavía no hay ninguna práctica del banco que responda a esto",
    "related": "Solo relacionadas",
    "relatedHint": "Son las que más se acercan, pero no responden.",
    "onEmpelt": "Vea toda la búsqueda en Empelt",
    "inhabitantsOne": "1 habitante",
    "inhabitantsMany": "{count} habitantes",
    "bodyNotKnown": "no se sabe de qué entidad es",
    "since": "desde {year}",
    "until": "hasta {year}",
    "of100": "{value} de 100",
    "source": "De la ficha, apartado «{section}»",
    "sections": {
      "title": "Título",
      "summary": "Resumen",
      "problem": "El problema",
      "objectives": "Objetivos",
      "actions": "Qué se hizo",
      "results": "Resultados",
      "obstacles": "Obstáculos",
      "lessons": "Aprendizajes",
      "adaptable_elements": "Qué se puede adaptar",
      "core_elements": "Qué hay que mantener"
    },
    "strength": {
      "strong": "Coincidencia alta",
      "partial": "Coincidencia parcial",
      "related": "Relacionada"
    },
    "languages": {
      "ca": "Catalán",
      "es": "Castellano",
      "it": "Italiano",
      "en": "Inglés"
    },
    "status": {
      "in-progress": "En curso",
      "consolidated": "Consolidada",
      "finished": "Finalizada"
    },
    "evidence": {
      "none": "Sin datos de resultados",
      "self-reported": "Resultados declarados por la entidad",
      "measured": "Resultados medidos",
      "externally-evaluated": "Evaluación externa",
      "comparison-group": "Evaluación con grupo de comparación"
    },
    "empty": "Escriba el problema que quiere resolver: una frase o un párrafo entero.",
    "tooLong": "El texto es demasiado largo: tiene {length} caracteres y se pueden buscar {most} como máximo. Acórtelo.",
    "noWords": "El texto no tiene ninguna letra ni cifra. Escriba el problema con palabras.",
    "whichMunicipality": "Hay más de un municipio que se llama {name}. ¿Cuál es el suyo?",
    "unknownMunicipality": "No se conoce ningún municipio que se llame {name}.",
    "oneOfThese": "¿Es alguno de estos?",
    "withoutMunicipality": "Buscar sin municipio",
    "busy": "En este momento hay muchas personas buscando. Espere unos segundos y vuelva a intentarlo.",
    "key": "La clave de este sitio ya no es válida. Avise a los responsables del sitio.",
    "refused": "No se ha podido hacer la búsqueda",
    "unreachable": "En este momento no se puede acceder a la búsqueda. Vuelva a intentarlo dentro de un rato.",
    "blocked": "Este sitio no abre enlaces desde aquí. Copie la dirección:"
  },
  "it": {
    "problem": "Il Suo problema, con parole Sue",
    "hint": "Può scrivere un intero paragrafo, in catalano, spagnolo, italiano o inglese. Non indichi nomi di persone.",
    "municipality": "Il Suo comune",
    "optional": "(facoltativo)",
    "search": "Cerca pratiche",
    "searching": "Ricerca in corso…",
    "foundOne": "1 pratica risponde al Suo problema",
    "foundMany": "{count} pratiche rispondono al Suo problema",
    "none": "Nessuna pratica della banca risponde ancora a questo",
    "related": "Solo collegate",
    "relatedHint": "Sono le più vicine, ma non rispondono.",
    "onEmpelt": "Veda tutta la ricerca su Empelt",
    "inhabitantsOne": "1 abitante",
    "inhabitantsMany": "{count} abitanti",
    "bodyNotKnown": "ente non noto",
    "since": "dal {year}",
    "until": "fino al {year}",
    "of100": "{value} su 100",
    "source": "Dalla scheda, sezione «{section}»",
    "sections": {
      "title": "Titolo",
      "summary": "Sintesi",
      "problem": "Il problema",
      "objectives": "Obiettivi",
      "actions": "Che cosa si è fatto",
      "results": "Risultati",
      "obstacles": "Ostacoli",
      "lessons": "Lezioni apprese",
      "adaptable_elements": "Che cosa si può adattare",
      "core_elements": "Che cosa va mantenuto"
    },
    "strength": {
      "strong": "Corrispondenza alta",
      "partial": "Corrispondenza parziale",
      "related": "Collegata"
    },
    "languages": {
      "ca": "Catalano",
      "es": "Spagnolo",
      "it": "Italiano",
      "en": "Inglese"
    },
    "status": {
      "in-progress": "In corso",
      "consolidated": "Consolidata",
      "finished": "Conclusa"
    },
    "evidence": {
      "none": "Nessun dato sui risultati",
      "self-reported": "Risultati dichiarati dall'ente",
      "measured": "Risultati misurati",
      "externally-evaluated": "Valutazione esterna",
      "comparison-group": "Valutazione con gruppo di confronto"
    },
    "empty": "Scriva il problema che vuole risolvere: una frase o un intero paragrafo.",
    "tooLong": "Il testo è troppo lungo: ha {length} caratteri e se ne possono cercare al massimo {most}. Lo accorci.",
    "noWords": "Il testo non contiene lettere né cifre. Scriva il problema a parole.",
    "whichMunicipality": "Più comuni si chiamano {name}. Qual è il Suo?",
    "unknownMunicipality": "Non si conosce nessun comune di nome {name}.",
    "oneOfThese": "È uno di questi?",
    "withoutMunicipality": "Cerca senza comune",
    "busy": "In questo momento molte persone stanno cercando. Attenda qualche secondo e riprovi.",
    "key": "La chiave di questo sito non è più valida. Avvisi chi gestisce il sito.",
    "refused": "Non è stato possibile cercare",
    "unreachable": "In questo momento la ricerca non è raggiungibile. Riprovi tra un po’.",
    "blocked": "Questo sito non apre collegamenti da qui. Copi l’indirizzo:"
  },
  "en": {
    "problem": "Your problem, in your own words",
    "hint": "A whole paragraph is welcome, in Catalan, Spanish, Italian or English. Do not name persons.",
    "municipality": "Your municipality",
    "optional": "(optional)",
    "search": "Find practices",
    "searching": "Searching…",
    "foundOne": "1 practice answers your problem",
    "foundMany": "{count} practices answer your problem",
    "none": "No practice in the bank answers this yet",
    "related": "Merely related",
    "relatedHint": "These come nearest, but they do not answer.",
    "onEmpelt": "See the whole search on Empelt",
    "inhabitantsOne": "1 inhabitant",
    "inhabitantsMany": "{count} inhabitants",
    "bodyNotKnown": "body not known",
    "since": "since {year}",
    "until": "until {year}",
    "of100": "{value} of 100",
    "source": "From the record, section “{section}”",
    "sections": {
      "title": "Title",
      "summary": "Summary",
      "problem": "The problem",
      "objectives": "Objectives",
      "actions": "What was done",
      "results": "Results",
      "obstacles": "Obstacles",
      "lessons": "Lessons",
      "adaptable_elements": "What may be adapted",
      "core_elements": "What must stay"
    },
    "strength": {
      "strong": "Strong match",
      "partial": "Partial match",
      "related": "Related"
    },
    "languages": {
      "ca": "Catalan",
      "es": "Spanish",
      "it": "Italian",
      "en": "English"
    },
    "status": {
      "in-progress": "In progress",
      "consolidated": "Consolidated",
      "finished": "Finished"
    },
    "evidence": {
      "none": "No data on results",
      "self-reported": "Self-reported results",
      "measured": "Measured results",
      "externally-evaluated": "Externally evaluated",
      "comparison-group": "Evaluated with a comparison group"
    },
    "empty": "Write the problem you want to solve: a sentence or a whole paragraph.",
    "tooLong": "The text is too long: it has {length} characters, and {most} is the most that can be searched. Shorten it.",
    "noWords": "The text holds no letter or number. Write the problem in words.",
    "whichMunicipality": "Several municipalities are called {name}. Which one is yours?",
    "unknownMunicipality": "No municipality called {name} is known.",
    "oneOfThese": "Is it one of these?",
    "withoutMunicipality": "Search without a municipality",
    "busy": "Many people are searching at this moment. Wait a few seconds and search again.",
    "key": "The key of this site is no longer valid. Please tell those who run the site.",
    "refused": "The search could not be done",
    "unreachable": "The search cannot be reached at this moment. Try again in a while.",
    "blocked": "This site opens no links from here. Copy the address:"
  }
};

const STYLE = `
:host { display: block !important; visibility: visible !important; }
:host([hidden]) { display: none !important; }
.empelt {
  all: initial;
  --ink: var(--empelt-ink, #1c241f);
  --quiet: var(--empelt-quiet, #545e57);
  --paper: var(--empelt-paper, #ffffff);
  --line: var(--empelt-line, #dcdcd2);
  --edge: var(--empelt-edge, #7b857d);
  --accent: var(--empelt-accent, #17533a);
  --accent-ink: var(--empelt-accent-ink, #ffffff);
  --mark: var(--empelt-mark, #dcebc4);
  --warn: var(--empelt-warn, #7a2e12);
  color-scheme: inherit;
  display: block;
  box-sizing: border-box;
  direction: ltr;
  text-align: left;
  overflow-wrap: anywhere;
  padding: var(--empelt-padding, 1.25em);
  border-radius: var(--empelt-radius, 6px);
  background: var(--paper);
  color: var(--ink);
  font-family: var(--empelt-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif);
  font-size: var(--empelt-font-size, medium);
  line-height: 1.55;
}
@supports (color: light-dark(#000, #fff)) {
  .empelt {
    --ink: var(--empelt-ink, light-dark(#1c241f, #e5eae4));
    --quiet: var(--empelt-quiet, light-dark(#545e57, #a7b2aa));
    --paper: var(--empelt-paper, light-dark(#ffffff, #1a211d));
    --line: var(--empelt-line, light-dark(#dcdcd2, #303a34));
    --edge: var(--empelt-edge, light-dark(#7b857d, #7f8c84));
    --accent: var(--empelt-accent, light-dark(#17533a, #93d0a9));
    --accent-ink: var(--empelt-accent-ink, light-dark(#ffffff, #0d1f15));
    --mark: var(--empelt-mark, light-dark(#dcebc4, #3a5230));
    --warn: var(--empelt-warn, light-dark(#7a2e12, #f0b090));
  }
}
.empelt *, .empelt *::before, .empelt *::after { box-sizing: border-box; }
p, ol, ul, figure, blockquote, h2, h3, h4, h5, h6 { margin: 0; padding: 0; font: inherit; }
ol, ul { list-style: none; }
a { color: var(--accent); text-underline-offset: 0.18em; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
label { display: block; font-weight: 600; margin-bottom: 0.3em; }
.aside, .hint, .meta, .facts, .source, .fit { color: var(--quiet); }
.aside { font-weight: 400; }
.hint, .meta, .facts, .source, .fit, .strength, .all { font-size: 0.9375em; }
.hint { margin-top: 0.35em; }
textarea, input {
  display: block; width: 100%; min-height: 2.75em; margin: 0; padding: 0.6em 0.75em;
  font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--edge); border-radius: 4px; appearance: none;
}
textarea { resize: vertical; min-height: 5.5em; }
.row { display: flex; flex-wrap: wrap; gap: 0.75em; align-items: end; margin-top: 0.9em; }
.row > div { flex: 1 1 13em; min-width: 0; }
button {
  font: inherit; cursor: pointer; margin: 0; min-height: 2.75em; padding: 0.6em 1.3em;
  border: 1px solid var(--accent); border-radius: 4px; appearance: none;
}
.go { font-weight: 600; color: var(--accent-ink); background: var(--accent); }
.go:hover { filter: brightness(1.12); }
.choices { display: flex; flex-wrap: wrap; gap: 0.5em; margin-top: 0.6em; }
.choices button { min-height: 2.25em; padding: 0.3em 0.8em; color: var(--accent); background: transparent; text-align: left; }
.status:not(:empty) { margin-top: 1.1em; font-weight: 600; }
.status.trouble { padding-left: 0.8em; border-left: 4px solid var(--warn); color: var(--warn); }
.related { margin-top: 1.1em; font-weight: 600; }
.cards > li { padding: 1.1em 0; border-bottom: 1px solid var(--line); }
.title { font-size: 1.125em; font-weight: 600; line-height: 1.35; }
.title a { text-decoration-color: transparent; display: inline-block; min-height: 24px; }
.title a:hover { text-decoration-color: currentcolor; }
.meta strong { color: var(--ink); font-weight: 600; }
.quote { margin-top: 0.6em; padding-left: 0.8em; border-left: 3px solid var(--accent); }
.source { font-size: 0.875em; }
mark { background: var(--mark); color: inherit; padding: 0.05em 0.1em; border-radius: 2px; }
.strength { display: flex; flex-wrap: wrap; align-items: center; gap: 0.1em 0.6em; margin-top: 0.6em; }
.strength strong { font-weight: 600; }
.bar { width: 5em; height: 0.5em; flex: none; border-radius: 2px; }
.bar .track { fill: var(--line); }
.bar .value { fill: var(--accent); }
.address { margin-top: 0.4em; padding: 0.5em 0.75em; border: 1px solid var(--line); border-radius: 4px; font-size: 0.9375em; }
.address code { font-family: ui-monospace, "Liberation Mono", monospace; user-select: all; }
.all { display: inline-block; margin-top: 0.9em; padding: 0.15em 0; }
.empelt[aria-busy="true"] .found { opacity: 0.55; }
@media (forced-colors: active) {
  .bar { border: 1px solid CanvasText; }
  .bar .track { fill: Canvas; }
  .bar .value { fill: CanvasText; }
  mark { outline: 1px solid CanvasText; }
}`;

let sheet; // one for all searches of a page

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function bar(share) {
  const draw = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  };
  const drawn = draw("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
  drawn.append(
    draw("rect", { class: "track", width: 100, height: 8 }),
    draw("rect", { class: "value", width: Math.round(100 * share), height: 8 }),
  );
  return drawn;
}

// Places in a text count characters as the service does, not the halves JavaScript counts.
function withMarks(text, marked) {
  const characters = Array.from(text);
  const nodes = [];
  let at = 0;
  for (const [start, end] of marked) {
    nodes.push(characters.slice(at, start).join(""), make("mark", {}, characters.slice(start, end).join("")));
    at = end;
  }
  return [...nodes, characters.slice(at).join("")];
}

// Whether a link to a new window is the only one that can work: another site's frame may not show our pages.
function framed() {
  return window.self !== window.top;
}

// A frame with `sandbox` and without `allow-same-origin`: there links may be dead.
function sandboxed() {
  return self.origin === "null";
}

export class EmpeltSearch extends HTMLElement {
  static observedAttributes = [
    "language", "municipality", "region", "theme", "limit", "key", "service", "query", "heading-level",
  ];

  #root = this.attachShadow({ mode: "open" });
  #box;
  #place;
  #status;
  #found;
  #running = null;
  #asked = false;
  #stale = false;

  static get version() {
    return VERSION;
  }

  connectedCallback() {
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    this.#root.adoptedStyleSheets = [sheet];
    if (!this.#box) this.#build();
    if (this.getAttribute("query")?.trim() && !this.#asked) this.search();
  }

  disconnectedCallback() {
    this.#running?.abort();
  }

  attributeChangedCallback(name, before, value) {
    if (!this.#box || before === value) return;
    if (name === "query") this.#box.value = value ?? "";
    if (name === "municipality") this.#place.value = value ?? "";
    if (this.#stale) return;
    this.#stale = true;
    queueMicrotask(() => { // several attributes changed together are one change
      this.#stale = false;
      this.#build();
      if (this.#asked && this.#box.value.trim()) this.search();
    });
  }

  get #language() {
    const wished = [
      this.getAttribute("language"), this.closest("[lang]")?.lang, ...(navigator.languages ?? [navigator.language]),
    ];
    return wished.map((tag) => (tag ?? "").slice(0, 2).toLowerCase()).find((code) => code in TEXTS) ?? "en";
  }

  get #texts() {
    return TEXTS[this.#language];
  }

  get #service() {
    // This file lies at <service>/embed/<version>/empelt-search.js.
    const base = new URL(this.getAttribute("service") || "../../", this.getAttribute("service") ? document.baseURI : import.meta.url);
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    return base;
  }

  get #limit() {
    const wished = Number.parseInt(this.getAttribute("limit") ?? "", 10);
    return wished >= 1 ? Math.min(wished, MOST_RESULTS) : USUAL_RESULTS;
  }

  #several(name) {
    return (this.getAttribute(name) ?? "").split(";").map((value) => value.trim()).filter(Boolean);
  }

  #address(path, parameters) {
    const address = new URL(path, this.#service);
    for (const [name, value] of parameters) if (value) address.searchParams.append(name, value);
    return address.href;
  }

  #build() {
    const say = this.#texts;
    const [text, place] = [this.#box?.value ?? this.getAttribute("query") ?? "", this.#place?.value ?? this.getAttribute("municipality") ?? ""];
    this.#box = make("textarea", {
      id: "text", part: "input", rows: 3, enterkeyhint: "search", "aria-describedby": "hint",
      keydown: (event) => {
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.search();
      },
    });
    this.#box.value = text;
    this.#place = make("input", {
      id: "place", part: "input", autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
      keydown: (event) => {
        if (event.key === "Enter" && !event.isComposing) this.search();
      },
    });
    this.#place.value = place;
    this.#status = make("p", { part: "status", class: "status", role: "status" });
    this.#found = make("div", { part: "results", class: "found" });
    // No <form>: in a sandboxed frame it is never sent.
    this.#root.replaceChildren(
      make("div", { class: "empelt", part: "base", lang: this.#language, dir: "ltr" },
        make("div", { part: "form", role: "search", "aria-label": "Empelt" },
          make("label", { part: "label", for: "text" }, say.problem),
          this.#box,
          make("p", { part: "hint", class: "hint", id: "hint" }, say.hint),
          make("div", { class: "row" },
            make("div", {},
              make("label", { part: "label", for: "place" }, say.municipality, " ", make("span", { class: "aside" }, say.optional)),
              this.#place,
            ),
            make("button", { part: "button", class: "go", type: "button", click: () => this.search() }, say.search),
          ),
        ),
        this.#status,
        this.#found,
      ),
    );
  }

  /** Search the text of the box, or another that is put there first. */
  async search(text) {
    if (text !== undefined) this.#box.value = text;
    const say = this.#texts;
    const asked = this.#box.value.trim();
    this.#running?.abort();
    if (!asked) return this.#trouble(0, "empty", say.empty);
    if (asked.length > LONGEST_QUERY) {
      const numbers = new Intl.NumberFormat(this.#language);
      return this.#trouble(0, "too-long", fill(say.tooLong, {
        length: numbers.format(asked.length), most: numbers.format(LONGEST_QUERY),
      }));
    }
    this.#asked = true;
    const running = (this.#running = new AbortController());
    const timer = setTimeout(() => running.abort(), PATIENCE_MS);
    this.#busy(true);
    this.#say(say.searching);
    let response;
    let answer;
    try {
      response = await fetch(this.#address("v1/search", []), this.#request(asked, running.signal));
      answer = await response.json();
    } catch {
      if (this.#running === running && this.isConnected) this.#trouble(0, "unreachable", say.unreachable);
      return;
    } finally {
      clearTimeout(timer);
    }
    if (this.#running !== running || !this.isConnected) return; // another search has taken its place
    if (response.ok) this.#show(asked, answer);
    else this.#refused(response.status, answer);
  }

  #request(text, signal) {
    const key = this.getAttribute("key")?.trim();
    return {
      method: "POST", mode: "cors", credentials: "omit", referrerPolicy: "no-referrer", signal,
      headers: { "Content-Type": "application/json", ...(key && { Authorization: `Bearer ${key}` }) },
      body: JSON.stringify({
        text,
        municipality: this.#place.value.trim() || null,
        reader_language: this.#language,
        filters: { region: this.#several("region"), theme: this.#several("theme") },
        top_k: this.#limit,
      }),
    };
  }

  #busy(whether) {
    this.#box.closest(".empelt").setAttribute("aria-busy", whether);
  }

  #say(text, trouble = false) {
    this.#status.classList.toggle("trouble", trouble);
    this.#status.textContent = text;
  }

  #tell(name, detail, options = {}) {
    return this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail, ...options }));
  }

  #all(text) {
    return make("a", {
      part: "all", class: "all", ...this.#target(),
      href: this.#address("", [
        ["q", this.#box.value.trim()], ["municipality", this.#place.value.trim()],
        ...this.#several("region").map((value) => ["region", value]),
        ...this.#several("theme").map((value) => ["theme", value]), ["lang", this.#language],
      ]),
      click: (event) => this.#open(event, { id: null, title: text }),
    }, text);
  }

  #target() {
    return framed() ? { target: "_blank", rel: "noopener" } : {};
  }

  #trouble(status, reason, text, choices = []) {
    this.#busy(false);
    this.#say(text, true);
    this.#found.replaceChildren(
      ...(choices.length ? [make("div", { class: "choices" }, ...choices)] : []),
      ...(reason === "empty" ? [] : [this.#all(this.#texts.onEmpelt)]),
    );
    if (reason === "empty") this.#box.focus();
    this.#tell("empelt-error", { status, reason });
  }

  #refused(status, problem) {
    const say = this.#texts;
    const choose = (label, name) => make("button", {
      part: "choice", type: "button",
      click: () => {
        this.#place.value = name;
        this.#box.focus();
        this.search();
      },
    }, label);
    // "Sant Martí (Catalunya, ES) = geonames:123" is found by what follows the sign.
    const places = (labels) => [
      ...labels.map((label) => choose(label, label.split(" = ").pop())), choose(say.withoutMunicipality, ""),
    ];
    const name = this.#place.value.trim();
    if (status === 422 && problem.candidates) {
      this.#trouble(status, "municipality", fill(say.whichMunicipality, { name }), places(problem.candidates));
    } else if (status === 422 && problem.suggestions) {
      const unknown = fill(say.unknownMunicipality, { name });
      this.#trouble(status, "municipality", problem.suggestions.length ? `${unknown} ${say.oneOfThese}` : unknown, places(problem.suggestions));
    } else if (status === 422 && problem.errors?.some(({ field }) => field === "body.text")) {
      this.#trouble(status, "text", say.noWords);
    } else if (status === 429 || status === 503) {
      this.#trouble(status, "busy", say.busy);
    } else if (status === 401 || status === 403) {
      this.#trouble(status, "key", say.key);
    } else {
      this.#trouble(status, "refused", say.refused);
    }
  }

  #show(text, answer) {
    const say = this.#texts;
    const numbers = new Intl.NumberFormat(this.#language);
    const { total } = answer;
    this.#busy(false);
    this.#say(total ? fill(total === 1 ? say.foundOne : say.foundMany, { count: numbers.format(total) }) : say.none);
    const answering = Boolean(answer.results.length);
    const cards = (answering ? answer.results : answer.related).map((result) => this.#card(result, answering, answer.query.municipality));
    this.#found.replaceChildren(
      ...(!answering && cards.length ? [make("p", { class: "related" }, say.related), make("p", { class: "hint" }, say.relatedHint)] : []),
      ...(cards.length ? [make("ol", { class: "cards", part: "cards" }, ...cards)] : []),
      this.#all(say.onEmpelt),
    );
    this.#tell("empelt-search", {
      text, municipality: answer.query.municipality?.name ?? null, language: this.#language, total,
    });
  }

  #card({ practice, strength, strength_word: word, passage, fit }, answering, municipality) {
    const say = this.#texts;
    const language = this.#language;
    const count = (value) => fill(value === 1 ? say.inhabitantsOne : say.inhabitantsMany, {
      count: new Intl.NumberFormat(language).format(value),
    });
    const { start_year: start, end_year: end } = practice;
    const years = start && end ? (start === end ? `${start}` : `${start}–${end}`)
      : start ? fill(say.since, { year: start }) : end ? fill(say.until, { year: end }) : null;
    const where = [practice.population && count(practice.population), practice.region, practice.country && new Intl.DisplayNames([language], { type: "region" }).of(practice.country)];
    const facts = [say.languages[practice.language], years, say.status[practice.status], say.evidence[practice.evidence]];
    const level = Number.parseInt(this.getAttribute("heading-level") ?? "", 10);
    const of100 = fill(say.of100, { value: Math.round(100 * strength) });
    const title = make(`h${level >= 2 && level <= 6 ? level : 3}`, { part: "title", class: "title" },
      make("a", {
        ...this.#target(), lang: practice.language, hreflang: practice.language,
        href: this.#address(`practices/${encodeURIComponent(practice.id)}`, [
          ["q", this.#box.value.trim()], ["municipality", this.#place.value.trim()], ["lang", language],
        ]),
        click: (event) => this.#open(event, { id: practice.id, title: practice.title }),
      }, practice.title));
    return make("li", { part: "card" },
      title,
      make("p", { part: "meta", class: "meta" },
        practice.municipality ? make("strong", {}, practice.municipality) : say.bodyNotKnown,
        where.filter(Boolean).map((each) => ` · ${each}`).join("")),
      make("figure", { part: "quote", class: "quote" },
        make("blockquote", { lang: practice.language }, ...withMarks(passage.text, passage.marked)),
        make("figcaption", { class: "source" }, fill(say.source, { section: say.sections[passage.section] ?? passage.section }))),
      answering ? make("p", { part: "strength", class: "strength" }, bar(strength), make("strong", {}, say.strength[word] ?? ""), make("span", { class: "aside" }, of100)) : null,
      make("p", { part: "facts", class: "facts" }, facts.filter(Boolean).join(" · ")),
      municipality ? make("p", { part: "fit", class: "fit" }, fit.summary) : null,
    );
  }

  #open(event, { id, title }) {
    const link = event.currentTarget;
    const url = link.href;
    if (!this.#tell("empelt-open", { id, title, url }, { cancelable: true })) {
      event.preventDefault(); // the page shows it its own way
      return;
    }
    if (!sandboxed()) return;
    event.preventDefault();
    const opened = window.open(url, "_blank");
    if (opened) {
      opened.opener = null;
      return;
    }
    this.#tell("empelt-blocked", { url });
    const place = link.closest("[part=title]") ?? link;
    if (place.nextElementSibling?.classList.contains("address")) return;
    place.after(make("p", { class: "address", part: "address", role: "status" }, this.#texts.blocked, " ", make("code", {}, url)));
  }
}

if (!customElements.get("empelt-search")) customElements.define("empelt-search", EmpeltSearch);
