// The page that stands in another site's frame: it tells its height, and where a dead link would lead, as WordPress
// listens for both (wp-includes/js/wp-embed.js). Nothing else is told, and nothing is stored.
"use strict";

if (window.self !== window.top) {
  const [LEAST, MOST] = [200, 1000]; // CSS pixels that WordPress grants
  const secret = (location.hash.match(/secret=([\da-zA-Z]+)/) || [])[1]; // by which the host knows its frame
  const tell = (message, value) => parent.postMessage({ message, value, ...(secret && { secret }) }, "*");

  let told = 0;
  const tellHeight = () => {
    const height = Math.min(MOST, Math.max(LEAST, Math.ceil(document.body.getBoundingClientRect().height)));
    if (height !== told) tell("height", (told = height));
  };
  new ResizeObserver(tellHeight).observe(document.body);

  window.addEventListener("message", ({ source, data }) => {
    if (source !== parent || !data || data.message !== "ready") return; // the host began to listen after us
    told = 0;
    tellHeight();
  });

  document.addEventListener("empelt-blocked", ({ detail }) => tell("link", detail.url));

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (self.origin === "null" && link) tell("link", link.href);
  });
}
