// The preview follows the choices as they are made, and what to paste can be copied; without a script a button does.
"use strict";

const choices = document.querySelector(".choose");
const preview = document.getElementById("preview");
const PAUSE_BEFORE_SHOWING_MS = 400;

// The frame tells its height as it would tell any host.
window.addEventListener("message", ({ source, data }) => {
  if (source === preview.contentWindow && data && data.message === "height") preview.height = data.value + 2;
});

function offerCopies() {
  for (const snippet of document.querySelectorAll(".snippet")) {
    const text = snippet.querySelector("textarea");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = snippet.dataset.copy;
    button.setAttribute("aria-label", `${snippet.dataset.copy}: ${text.getAttribute("aria-label")}`);
    button.addEventListener("click", async () => {
      text.select();
      try {
        await navigator.clipboard.writeText(text.value);
      } catch {
        return; // it stands selected: the keyboard copies it
      }
      button.textContent = snippet.dataset.copied;
      button.setAttribute("aria-label", `${snippet.dataset.copied}: ${text.getAttribute("aria-label")}`);
    });
    snippet.append(button);
  }
}

let running = null;
async function show() {
  const said = new URLSearchParams([...new FormData(choices)].filter(([, value]) => value.trim()));
  const address = `${choices.getAttribute("action")}?${said}`;
  running?.abort();
  running = new AbortController();
  let shown;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal: running.signal });
    if (!answer.ok) return;
    shown = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return; // the button still does it
  }
  history.replaceState(null, "", address);
  const source = shown.getElementById("preview").getAttribute("src");
  if (preview.getAttribute("src") !== source) preview.setAttribute("src", source);
  const open = document.querySelector("#paste details").open;
  document.getElementById("paste").replaceWith(shown.getElementById("paste"));
  document.querySelector("#paste details").open = open;
  document.querySelector("nav.languages").replaceWith(shown.querySelector("nav.languages"));
  offerCopies();
}

let timer = 0;
choices.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(show, PAUSE_BEFORE_SHOWING_MS);
});
offerCopies();
