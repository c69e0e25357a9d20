import { createRoot } from "react-dom/client";
import { browserSurroundings } from "./browser.ts";
import { openChat } from "./chat.ts";
import { languageFor, loadTexts } from "./texts.ts";
import { App } from "./view/app.tsx";
import { readSettings } from "./view/settings.ts";

/** Where the page begins. */
const language = readSettings().language ?? languageFor(navigator.languages);
const [chat, words] = await Promise.all([
  browserSurroundings().then(openChat),
  loadTexts(language),
]);
const place = document.getElementById("page");
if (place !== null) createRoot(place).render(<App chat={chat} words={words} />);

// What is not at the server yet may be lost with the page, where the browser keeps nothing.
addEventListener("beforeunload", (event) => {
  if (chat.hasUnsent) event.preventDefault();
});
