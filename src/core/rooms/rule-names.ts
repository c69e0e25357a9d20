/** Names of the rules of a room, in the order in which they are displayed. */

import type { RoomRules } from "../../wire/messages.ts";

export const RULE_NAMES = [
  ...(["post", "topic", "slow", "join", "everyone", "newcomers", "boxes", "due"] as const),
] as const satisfies readonly (keyof RoomRules)[];

export type RuleName = (typeof RULE_NAMES)[number];
