// A button beside a text that copies it; where the browser cannot copy there is no button.
"use strict";

for (const button of document.querySelectorAll("button[data-copies]")) {
  if (!navigator.clipboard) break; // only a page over https may copy
  const text = document.getElementById(button.dataset.copies);
  const said = button.parentElement.querySelector("[role=status]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent.trim());
      said.textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(text); // not allowed to: the reader copies what is selected
    }
  });
}
