/** Slack's markup in an export, converted to ours. */

import { markdownWith, type SlackNames } from "../../core/slack/mrkdwn.ts";
import { withEmoji } from "./emoji-names.ts";

export function markdownOf(mrkdwn: string, names: SlackNames): string {
  return markdownWith(mrkdwn, names, withEmoji);
}
