/** Rows of the inbox on the full screen. */

import type { Inbox, InboxCall, InboxPlace } from "../../../core/client/inbox.ts";

export type InboxGroup = "calls" | "people" | "threads" | "rooms" | "recent";

export type InboxRow =
  | { readonly kind: "heading"; readonly group: InboxGroup }
  | { readonly kind: "call"; readonly call: InboxCall }
  | { readonly kind: "place"; readonly group: InboxGroup; readonly place: InboxPlace }
  | { readonly kind: "more"; readonly group: InboxGroup; readonly count: number }
  | { readonly kind: "muted"; readonly places: readonly InboxPlace[] };

type Choice = Extract<InboxRow, { kind: "call" | "place" | "more" }>;

/** An inbox as it was loaded. It does not move while it is open. */
export interface InboxList {
  readonly inbox: Inbox;
  readonly muted: readonly InboxPlace[];
  /** Places with the newest messages, listed if nothing is new. */
  readonly recent: readonly InboxPlace[];
  /** Unread messages of each listed place, also of the muted ones. */
  readonly unread: ReadonlyMap<string, number>;
}

export const INBOX_ACTIONS = ["open", "open-beside", "answer", "mark-read", "mute"] as const;
export type InboxAction = (typeof INBOX_ACTIONS)[number];

export interface InboxOverlay {
  readonly kind: "inbox";
  /** `undefined` while it is loading. */
  readonly list: InboxList | undefined;
  /** Index among the rows that can be chosen. */
  readonly selectedIndex: number;
  readonly unfolded: Readonly<Partial<Record<InboxGroup, number>>>;
  /** Index of the action, while the actions of the selected row are listed. */
  readonly action?: number | undefined;
}

/** Rows of a group before it is unfolded, and by how many it unfolds at a time. */
const GROUP_ROWS = 20;
const UNFOLDED_ROWS = 100;

export function inboxRows({ list, unfolded }: InboxOverlay): readonly InboxRow[] {
  if (list === undefined) return [];
  const { inbox, muted, recent } = list;
  const calls = inbox.calls.map((call): InboxRow => ({ kind: "call", call }));
  const placesOf = (group: InboxGroup, places: readonly InboxPlace[]) =>
    places.map((place): InboxRow => ({ kind: "place", group, place }));
  const groups: readonly (readonly [InboxGroup, readonly InboxRow[]])[] = [
    ["calls", calls],
    ["people", placesOf("people", inbox.people)],
    ["threads", placesOf("threads", inbox.threads)],
    ["rooms", placesOf("rooms", inbox.rooms)],
    ["recent", placesOf("recent", isEmptyInbox(list) ? recent : [])],
  ];
  const rows = groups.flatMap(([group, all]): readonly InboxRow[] => {
    if (all.length === 0) return [];
    const shown = all.slice(0, GROUP_ROWS + (unfolded[group] ?? 0));
    const count = all.length - shown.length;
    const more: readonly InboxRow[] = count > 0 ? [{ kind: "more", group, count }] : [];
    return [{ kind: "heading", group }, ...shown, ...more];
  });
  return muted.length === 0 ? rows : [...rows, { kind: "muted", places: muted }];
}

export function isEmptyInbox({ inbox }: InboxList): boolean {
  return inbox.callCount === 0 && inbox.unread === 0 && inbox.threads.length === 0;
}

export function isChoice(row: InboxRow): row is Choice {
  return row.kind === "call" || row.kind === "place" || row.kind === "more";
}

export function inboxChoices(overlay: InboxOverlay): readonly Choice[] {
  return inboxRows(overlay).filter(isChoice);
}

export function unfoldGroup(overlay: InboxOverlay, group: InboxGroup): InboxOverlay {
  const { unfolded } = overlay;
  const count = (unfolded[group] ?? 0) + UNFOLDED_ROWS;
  return { ...overlay, unfolded: { ...unfolded, [group]: count } };
}

/**
 * Actions that apply to a row. An invitation can only be opened.
 * @param isWide whether the screen has room for a second pane
 */
export function inboxActions(choice: Choice | undefined, isWide: boolean): readonly InboxAction[] {
  if (choice === undefined || choice.kind === "more") return [];
  if (choice.kind === "call" && choice.call.reason === "invite") return ["open"];
  const hasMessage = choice.kind === "call" && choice.call.seq !== undefined;
  const isOffered = (action: InboxAction) =>
    action === "answer" ? hasMessage : action !== "open-beside" || isWide;
  return INBOX_ACTIONS.filter(isOffered);
}
