// What is pleasanter with a script; every page does its work without one.
"use strict";

const field = document.getElementById("municipality");
const places = document.getElementById("places");
if (field && places) {
  const PAUSE_MS = 180; // between the last key and the question
  let timer = 0;
  let asked = "";
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const begun = field.value.trim();
    if (begun.length < 2 || begun === asked || begun.includes("(")) return;
    timer = setTimeout(async () => {
      asked = begun;
      try {
        const answer = await fetch(`/suggestions/municipalities?begun=${encodeURIComponent(begun)}`);
        if (!answer.ok || field.value.trim() !== begun) return;
        const number = new Intl.NumberFormat(document.documentElement.lang);
        places.replaceChildren(
          ...(await answer.json()).map(({ name, population }) => {
            const option = document.createElement("option");
            option.value = name;
            if (population) option.textContent = number.format(population);
            return option;
          }),
        );
      } catch {
        // Suggestions are a courtesy: without them the name is typed in full.
      }
    }, PAUSE_MS);
  });
}

const box = document.getElementById("q");
if (box && box.form) {
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) box.form.requestSubmit();
  });
  // An unused field need not stand in the address that people share.
  box.form.addEventListener("submit", () => {
    if (field && !field.value.trim()) field.disabled = true;
  });
  window.addEventListener("pageshow", () => {
    if (field) field.disabled = false;
  });
}
