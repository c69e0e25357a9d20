/** Texts and entries of the board's menus. */

import { counted } from "../../../base/sizes.ts";
import { DAY_MS, HOUR_MS } from "../../../base/time.ts";
import type { BoardDialog, BoardFacts } from "./state.ts";

type MenuKind = Extract<BoardDialog, { readonly kind: "menu" }>["menu"];

interface InviteChoice {
  readonly label: string;
  /** Number of people; `undefined` for any. */
  readonly uses: number | undefined;
  readonly forMs: number;
}

export const INVITE_CHOICES: readonly InviteChoice[] = [
  { label: "1 person, 1 day", uses: 1, forMs: DAY_MS },
  { label: "30 people, 1 day", uses: 30, forMs: DAY_MS },
  { label: "A link for phones: anybody, 1 hour", uses: undefined, forMs: HOUR_MS },
];

interface MenuEntry<Action> {
  readonly label: string;
  readonly action: Action;
}

export function announcedEntries(): readonly MenuEntry<"replace" | "withdraw">[] {
  return [
    { label: "Write another", action: "replace" },
    { label: "Withdraw", action: "withdraw" },
  ];
}

/** The first entry changes nothing. */
export function stopEntries({
  transferCount,
}: Pick<BoardFacts, "transferCount">): readonly MenuEntry<"keep" | "drain" | "stop">[] {
  const drain = { label: "Stop when transfers are done", action: "drain" } as const;
  return [
    { label: "Keep running", action: "keep" },
    ...(transferCount === 0 ? [] : [drain]),
    { label: "Stop now", action: "stop" },
  ];
}

export function menuTitle(menu: MenuKind, facts: BoardFacts): string {
  if (menu === "invite") return "Invite for how many people, how long?";
  if (menu === "announced") return `Announcement: ${facts.announcement ?? ""}`;
  const { transferCount, hereCount } = facts;
  const people =
    hereCount === 0 ? "Nobody is" : hereCount === 1 ? "1 person is" : `${hereCount} people are`;
  const files = transferCount === 0 ? "" : `, ${counted(transferCount, "file")} in transfer`;
  return `Stop the server? ${people} connected${files}.`;
}

export function menuLabels(menu: MenuKind, facts: BoardFacts): readonly string[] {
  if (menu === "invite") return INVITE_CHOICES.map(({ label }) => label);
  return (menu === "announced" ? announcedEntries() : stopEntries(facts)).map(({ label }) => label);
}
