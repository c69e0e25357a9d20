/** Text roles and their style in each theme. */

import { TINTS } from "../../../core/model/tint.ts";

/** Styles by role: dark theme, light theme, and terminals without colours. */
const STYLES = {
  text: ["", "", ""],
  dim: ["#8b95a1|8", "#5a6470|8", ""],
  accent: ["#58c99b|10", "#0b6e4f|2", ""],
  danger: ["#ff8a80|9", "#b3261e|1", "bold"],
  bar: ["#e6e9ec|15 on #2a3340|4", "#1b1f24|0 on #dde3e9|7", "inverse"],
  "bar-dim": ["#a9b4c0|7 on #2a3340|4", "#4d5763|0 on #dde3e9|7", "inverse"],
  "bar-good": ["#58c99b|10 on #2a3340|4", "#0b6e4f|2 on #dde3e9|7", "inverse"],
  "bar-bad": ["bold #ff8a80|9 on #2a3340|4", "bold #b3261e|1 on #dde3e9|7", "bold inverse"],
  rule: ["#4a5460|8", "#c3cad1|8", ""],
  day: ["#8b95a1|8", "#5a6470|8", ""],
  unread: ["bold #ff8a80|9", "bold #b3261e|1", "bold"],
  event: ["#8b95a1|8", "#5a6470|8", ""],
  quote: ["#8b95a1|8", "#5a6470|8", ""],
  mark: ["#8b95a1|8", "#5a6470|8", ""],
  pending: ["#8b95a1|8", "#5a6470|8", ""],
  link: ["underline #7fb8f5|12", "underline #0b5cad|4", "underline"],
  code: ["#e0b072|11", "#7a4a00|3", "bold"],
  mention: ["#58c99b|10", "#0b6e4f|2", "bold"],
  call: ["bold #1b1f24|0 on #f5c451|3", "bold #1b1f24|0 on #ffd866|11", "bold inverse"],
  reaction: ["#a3adb8|7", "#4d5763|8", ""],
  "reaction-own": ["bold #58c99b|10", "bold #0b6e4f|2", "bold"],
  file: ["bold #7fb8f5|12", "bold #0b5cad|4", "bold"],
  progress: ["#58c99b|10", "#0b6e4f|2", ""],
  selected: ["on #33465c|4", "on #cfe3f7|7", "inverse"],
  shown: ["on #3a3218|8", "on #fff6dd|7", "underline"],
  open: ["bold #ffffff|15 on #33465c|4", "bold #000000|0 on #cfe3f7|7", "bold inverse"],
  busy: ["bold", "bold", "bold"],
  count: ["bold #e6e9ec|15", "bold #1b1f24|0", "bold"],
  calls: ["bold #1b1f24|0 on #f5c451|3", "bold #1b1f24|0 on #ffd866|11", "bold inverse"],
  online: ["#58c99b|10", "#0b6e4f|2", ""],
  prompt: ["bold #58c99b|10", "bold #0b6e4f|2", "bold"],
  title: ["bold", "bold", "bold"],
} as const satisfies Record<string, readonly [dark: string, light: string, plain: string]>;

type NickRole = `nick-${number}`;

export type Role = keyof typeof STYLES | NickRole;

export const ROLES: readonly Role[] = [
  ...(Object.keys(STYLES) as (keyof typeof STYLES)[]),
  ...TINTS.map((_, tint) => nickRole(tint)),
];

export function nickRole(tint: number): NickRole {
  return `nick-${tint}`;
}

function isNick(role: Role): role is NickRole {
  return role.startsWith("nick-");
}

export function roleStyle(role: Role, theme: "dark" | "light", isPlain: boolean): string {
  const [dark, light, plain] = isNick(role)
    ? ([...(TINTS[Number(role.slice("nick-".length))] ?? TINTS[0]), "bold"] as const)
    : STYLES[role];
  if (isPlain) return plain;
  return theme === "dark" ? dark : light;
}
