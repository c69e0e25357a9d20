/** Searches in the words that people use, and a server on which they find something. */

import type { RoomId } from "../../../src/base/ids.ts";
import type { ChatRecord } from "../../../src/core/client/chat-record.ts";
import type { ModelEvent } from "../../../src/core/model/event.ts";
import type { Model } from "../../../src/core/model/state.ts";
import { emptyModel, updateAll } from "../../../src/core/model/update.ts";
import type { FinderKind } from "../../../src/ui/finder/query.ts";

/**
 * Kind of the wanted row, what was typed, a part of the row's name, text or question, and the
 * public report of the case.
 */
export const SOUGHT: readonly (readonly [FinderKind, string, string, string?])[] = [
  ["people", "bud vol", "Budi Kurniawan"],
  ["people", "Kurniawan", "Budi Kurniawan", "MapStory/mapstory-meta#1695"],
  ["people", "hui jeff", "Jeffrey Hui", "origamize/RPI-Directory#33"],
  ["people", "tim lee", "Timothy Lee", "keybase/keybase-issues#1079"],
  ["people", "neema", "Nehemia Saka", "gordon-cs/gordon-360-ui#645"],
  ["people", "jose pena", "José Peña", "gammons/slk#14"],
  ["people", "fruhwirth", "Anna Frühwirth", "CERNDocumentServer/cds-ils#543"],
  ["people", "budi_k", "Budi Kurniawan", "SableClient/Sable#1006"],
  ["people", "@cit", "Citra Lestari"],
  ["people", "lestari citra", "Citra Lestari"],
  ["rooms", "rust matrix", "Matrix Rust SDK", "Nheko-Reborn/nheko#1209"],
  ["rooms", "kinds", "TwoKinds", "etkecc/mrs#1"],
  ["rooms", "android", "Riot Android", "quotient-im/Quaternion#253"],
  ["rooms", "customer lobby", "Customer Success Lobby", "element-hq/element-web#18808"],
  ["rooms", "#cust", "Customer Success Lobby", "element-hq/element-meta#2822"],
  ["rooms", "wifi help", "Wi-Fi help", "Ocelot-Social-Community/Ocelot-Social#2798"],
  ["rooms", "wi-fi", "Wi-Fi help"],
  ["rooms", "cafe", "Café", "linagora/twake-on-matrix#1449"],
  ["rooms", "7 blue", "Year 7 Blue"],
  ["rooms", "y7b", "Year 7 Blue", "devsoc-unsw/freerooms-mobile#214"],
  ["rooms", "what went live", "deploys"],
  ["rooms", "mtxsdk", "Matrix Rust SDK"],
  ["files", "INS", "INS.doc", "ePADD/epadd#79"],
  ["files", "picture1383", "picture13833132095711.jpg", "RocketChat/Rocket.Chat#3996"],
  ["files", "hello.txt", "hello.txt", "element-hq/synapse#1851"],
  ["files", "humpback", "photo_77.jpg", "ippontech/tatami#299"],
  ["files", "orders plan", "plan-orders.pdf", "RocketChat/Rocket.Chat.Electron#2130"],
  ["files", "pdf budi", "plan-orders.pdf", "runbox/runbox7#1084"],
  ["files", "wrksht7", "worksheet_7.odt"],
  ["messages", "dont", "I don’t know", "kentcdodds/match-sorter#127"],
  ["messages", "driver's licence", "driver’s licence", "bvaughn/js-search#19"],
  ["messages", "articulo", "Artículo", "leo-buneev/vuepress-plugin-fulltext-search#22"],
  ["messages", "étale", "etale cohomology", "stacks/stacks-website#74"],
  ["messages", "registrar certificate", "the certificate of the shop"],
  ["messages", '"on Sunday"', "the certificate of the shop"],
  ["messages", "example dash", "dash-example", "Meeds-io/meeds#3219"],
  ["messages", "certificate from:jhui", "the certificate of the shop"],
  ["commands", "mute", "/mute"],
  ["commands", "noise", "/quiet", "atom/command-palette#11"],
  ["commands", "quiet", "/quiet"],
  ["commands", "vote", "/vote"],
  ["commands", "survey", "/poll", "WordPress/gutenberg#51742"],
  ["commands", "delete message", "/erase", "daintreehq/daintree#6307"],
  ["commands", "block", "/ignore", "getsentry/sentry#116431"],
  ["commands", "bookmark", "/save"],
  ["commands", "emoji", "/react"],
  ["commands", "members", "/who"],
  ["commands", "raise hand", "/hand"],
  ["commands", "unread first", "/sort"],
  ["settings", "dark", "theme", "anomalyco/opencode#39058"],
  ["settings", "language", "language", "microsoft/PowerToys#38615"],
  ["settings", "appearance", "theme", "microsoft/PowerToys#49335"],
  ["settings", "notifications", "notify"],
  ["answers", "forgot password", "I have forgotten my password"],
  ["answers", "late homework", "late"],
  ["answers", "newline", "several lines"],
  ["answers", "status bar", "status bar"],
  ["answers", "backup", "back up"],
  ["answers", "shared computer", "shared computer"],
  ["answers", "certificate warning", "The browser warns"],
];

const STATUSES: Readonly<Record<string, string>> = { budi_k: "paints the volcano" };

const PEOPLE: Readonly<Record<string, string>> = {
  budi_k: "Budi Kurniawan",
  citra: "Citra Lestari",
  jhui: "Jeffrey Hui",
  tlee: "Timothy Lee",
  neema: "Nehemia Saka",
  jose: "José Peña",
  anna: "Anna Frühwirth",
};

const TOPICS: Readonly<Record<string, string>> = { deploys: "What went live, when, by whom" };

const ROOMS: Readonly<Record<string, string>> = {
  "matrix-rust": "Matrix Rust SDK",
  twokinds: "TwoKinds",
  riot: "Riot Android",
  success: "Customer Success Lobby",
  wifi: "Wi-Fi help",
  cafe7: "Café",
  "year-7-blue": "Year 7 Blue",
  deploys: "deploys",
};

/** Author, text, and name of a file. */
const MESSAGES: readonly (readonly [string, string, string?])[] = [
  ["jhui", "the certificate of the shop expires on Sunday, and the registrar wants a fax"],
  ["anna", "I don’t know the way"],
  ["citra", "Bring your driver’s licence"],
  ["jose", "Artículo 7 está listo"],
  ["tlee", "a talk on etale cohomology"],
  ["neema", "see dash-example in the guide"],
  ["citra", "minutes", "INS.doc"],
  ["jose", "", "picture13833132095711.jpg"],
  ["anna", "", "hello.txt"],
  ["tlee", "Humpback whale", "photo_77.jpg"],
  ["budi_k", "", "plan-orders.pdf"],
  ["neema", "", "worksheet_7.odt"],
];

/** The model of ana's client. */
export function soughtModel(): Model {
  const rooms = Object.entries(ROOMS).map(([name, title]) => ({
    kind: "room" as const,
    name,
    id: name as RoomId,
    topic: TOPICS[name] ?? "",
    ...(title === name ? {} : { title }),
  }));
  const [first] = rooms;
  if (first === undefined) throw new Error("no room");
  const members = Object.entries(PEOPLE).map(([name, displayName]) => ({
    name,
    displayName,
    isOnline: true,
    role: "member",
    status: STATUSES[name],
  }));
  const records = MESSAGES.map(([from, text, file], i): ModelEvent => {
    const files = [{ file: `f${i}AAAAAAAAAAA`.slice(0, 12), name: file, size: 1, chunks: 1 }];
    const digest = "0a".repeat(32);
    const body =
      file === undefined ? { text } : { text, files: files.map((one) => ({ ...one, digest })) };
    const kind = file === undefined ? "text" : "file";
    const at = { seq: i + 2, n: i + 2, timeUnixMs: 1_000_000 + i, room: first };
    return {
      kind: "record",
      record: { ...at, kind, from, id: "", state: "whole", body } as unknown as ChatRecord,
    };
  });
  const events: readonly ModelEvent[] = [
    { kind: "entered", user: "ana" },
    ...rooms.map(({ kind: _, id, ...room }) => ({
      kind: "room" as const,
      room: id,
      ...room,
      n: 2,
      skipped: 0,
      read: 1,
    })),
    { kind: "caught-up" },
    { kind: "members", room: first.id, members },
    ...records,
  ];
  return updateAll(emptyModel(), events).model;
}
