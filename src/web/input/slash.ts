import type { AllTexts } from "../text/en-parts.ts";

/** Words that begin with `/` in the composer; the same as in the terminal, where both have them. */

export type SlashCommand =
  | {
      readonly kind: "join";
      readonly room: string;
      readonly password: string | undefined;
      sealed: boolean;
    }
  /** Without a name an address is made, by which somebody new comes in. */
  | { readonly kind: "invite"; readonly user: string | undefined }
  | { readonly kind: "seal"; readonly user: string }
  | { readonly kind: "leave" | "sealed" | "rooms" | "saved" | "passwd" | "logout" | "help" }
  | { readonly kind: "topic" | "search"; readonly text: string }
  | { readonly kind: "msg"; readonly user: string; readonly text: string }
  | { readonly kind: "ignore" | "kick" | "mute" | "grant"; readonly user: string; on: boolean }
  /** To be sent: `/me`, and what began with `//` without the first of them. */
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "unknown"; readonly word: string }
  | { readonly kind: "misused"; readonly usage: string };

interface SlashRow {
  readonly usage: string;
  readonly summary: keyof AllTexts & `cmd${string}`;
  readonly read: (words: string) => SlashCommand | undefined;
}

const alone =
  (kind: "leave" | "sealed" | "rooms" | "saved" | "passwd" | "logout" | "help") => () => ({
    kind,
  });

function person(kind: "ignore" | "kick" | "mute" | "grant", on: boolean): SlashRow["read"] {
  return (words) => {
    const user = words.replace(/^@/, "");
    return /^\S+$/.test(user) ? { kind, user, on } : undefined;
  };
}

function join(words: string): SlashCommand | undefined {
  const all = words.split(/\s+/);
  const given = all.filter((word) => word !== "--sealed");
  const sealed = given.length < all.length;
  const [room = "", password, ...more] = given;
  // A password that was meant to be a flag would lock the room; and a sealed one has none.
  const isFlag = [room, password].some((word) => word?.startsWith("--") === true);
  if (room === "" || more.length > 0 || isFlag || (sealed && password !== undefined))
    return undefined;
  return { kind: "join", room: room.replace(/^#/, ""), password, sealed };
}

function invite(words: string): SlashCommand | undefined {
  const user = words.replace(/^@/, "");
  if (user === "") return { kind: "invite", user: undefined };
  return /^\S+$/.test(user) ? { kind: "invite", user } : undefined;
}

function seal(words: string): SlashCommand | undefined {
  const user = words.replace(/^@/, "");
  return /^\S+$/.test(user) ? { kind: "seal", user } : undefined;
}

function msg(words: string): SlashCommand | undefined {
  const [, user = "", text = ""] = /^@?(\S+)\s*([\s\S]*)$/.exec(words) ?? [];
  return user === "" ? undefined : { kind: "msg", user, text };
}

export const SLASH: ReadonlyMap<string, SlashRow> = new Map<string, SlashRow>([
  ["join", { usage: "/join ROOM [PASSWORD | --sealed]", summary: "cmdJoin", read: join }],
  ["leave", { usage: "/leave", summary: "cmdLeave", read: alone("leave") }],
  [
    "topic",
    {
      usage: "/topic TEXT",
      summary: "cmdTopic",
      read: (text) => ({ kind: "topic", text }),
    },
  ],
  ["msg", { usage: "/msg NAME TEXT", summary: "cmdMsg", read: msg }],
  [
    "me",
    {
      usage: "/me TEXT",
      summary: "cmdMe",
      read: (text) => (text === "" ? undefined : { kind: "say", text: `/me ${text}` }),
    },
  ],
  ["ignore", { usage: "/ignore NAME", summary: "cmdIgnore", read: person("ignore", true) }],
  ["unignore", { usage: "/unignore NAME", summary: "cmdUnignore", read: person("ignore", false) }],
  ["kick", { usage: "/kick NAME", summary: "cmdKick", read: person("kick", true) }],
  ["mute", { usage: "/mute NAME", summary: "cmdMute", read: person("mute", true) }],
  ["unmute", { usage: "/unmute NAME", summary: "cmdUnmute", read: person("mute", false) }],
  ["grant", { usage: "/grant NAME", summary: "cmdGrant", read: person("grant", true) }],
  ["invite", { usage: "/invite [NAME]", summary: "cmdInvite", read: invite }],
  ["seal", { usage: "/seal @NAME", summary: "cmdSeal", read: seal }],
  ["sealed", { usage: "/sealed", summary: "cmdSealed", read: alone("sealed") }],
  [
    "search",
    {
      usage: "/search TEXT",
      summary: "cmdSearch",
      read: (text) => (text === "" ? undefined : { kind: "search", text }),
    },
  ],
  ["rooms", { usage: "/rooms", summary: "cmdRooms", read: alone("rooms") }],
  ["saved", { usage: "/saved", summary: "cmdSaved", read: alone("saved") }],
  ["passwd", { usage: "/passwd", summary: "cmdPasswd", read: alone("passwd") }],
  ["logout", { usage: "/logout", summary: "cmdLogout", read: alone("logout") }],
  ["quit", { usage: "/quit", summary: "cmdLogout", read: alone("logout") }],
  ["help", { usage: "/help", summary: "cmdHelp", read: alone("help") }],
]);

/** @returns undefined: these are words for others */
export function slashCommand(text: string): SlashCommand | undefined {
  if (text.startsWith("//")) return { kind: "say", text: text.slice(1) };
  if (!text.startsWith("/")) return text === "QUIT" ? { kind: "logout" } : undefined;
  const [, word = "", words = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? [];
  const row = SLASH.get(word.toLowerCase());
  if (row === undefined) return { kind: "unknown", word };
  return row.read(words.trim()) ?? { kind: "misused", usage: row.usage };
}
