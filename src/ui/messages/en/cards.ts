/** Texts of printed cards, and the instructions of docs/card.md. */

import { cardDay } from "../../../base/card-day.ts";
import type { CardTexts } from "../../../core/people/cards.ts";

export const ENGLISH_CARDS: CardTexts = {
  lang: "en",
  cardScan: "Scan the picture. Or open",
  cardType: ", choose “I have a code”, and type:",
  cardWarning: "The browser warns once. At this address, continue.",
  cardThen: "Choose a password and write it down. From then on, sign in with the name",
  cardPassword: "and your password.",
  cardTerminal: "In a terminal:",
  cardUntil: (unixMs) => `Valid until ${cardDay("en-GB", unixMs)}, once.`,
  guide: {
    title: "How to use chat",
    steps: (network, address) => [
      `**Connect** to the Wi-Fi: ${network}`,
      `**Scan your card.** Or open ${address} in the browser, choose **I have a code**, and type ` +
        "the code on your card.",
      "The browser **warns once**. If the address is the one above, continue. Chrome: " +
        "*Advanced*, *Proceed*. Safari: *Show Details*, *visit this website*. Firefox: " +
        "*Advanced…*, *Accept the Risk and Continue*.",
      "**Choose a password** that you do not use elsewhere, and write it down.",
      "**From the second time on**, open the address, and enter the name on your card and your " +
        "password.",
    ],
    columns: ["to", "do"],
    rows: [
      ["write", "type, then tap the arrow (on a computer: Enter; Shift-Enter for a new line)"],
      ["send a photo or file", "**+**, or drag it into the page"],
      ["answer someone", "the arrow beside a message; on a phone, swipe it to the right"],
      ["write to one person", "click the name, then *Message …*"],
      ["raise your hand", "**+**, then *Raise hand*; or type `/hand`"],
      ["vote", "click an answer of the poll"],
      [
        "hand in work",
        "open the assignment's room, write or send the file there: only you and the teacher see it",
      ],
      ["find something", "*Find anything*, or the magnifier in a room"],
      ["correct or delete", "the menu (…) beside your message"],
    ],
    notes: (host) => [
      "**Lost your card or password?** Ask your teacher for a new code. **The code is refused?** " +
        "Spaces, hyphens and capitals do not matter. A code works once, and a newer card " +
        "replaces it.",
      "**Page does not open?** Are you in the Wi-Fi above, with mobile data off? If it opens for " +
        'nobody, the Wi-Fi may keep devices apart ("client isolation"): tell your teacher.',
      "**Who can read this?** Everyone in the room, and the people who run the server. Be kind.",
      `**In a terminal:** run \`chat login ${host}\`, and enter the name on your card, then ` +
        "its code.",
    ],
  },
};
