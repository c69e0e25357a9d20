/**
 * Names of emoji in Slack and Mattermost. They differ from ours, which are GitHub's, for the emoji
 * in `emoji-names.txt`: each line has an emoji and its names.
 * @see https://github.com/iamcal/emoji-data (16.0.0), whose names both programs use
 */

import { CODE } from "../../core/slack/mrkdwn.ts";
import { emojiOf, SKIN_TONES, withSkinTone } from "../../ui/text/emoji.ts";
import otherNames from "./emoji-names.txt" with { type: "text" };

const OTHER: ReadonlyMap<string, string> = new Map(
  otherNames
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [emoji = "", ...names] = line.split(" ");
      return names.map((name) => [name, emoji] as const);
    }),
);

/** `+1::skin-tone-3`; the names count from 2, because Unicode's first tone is of types 1 and 2. */
const SLACK_TONE = /^(.+)::skin-tone-([2-6])(?:-[2-6])?$/;
const MATTERMOST_TONE = /^(.+?)_(light|medium_light|medium|medium_dark|dark)_skin_tone$/;
const TONE_NAMES = ["light", "medium_light", "medium", "medium_dark", "dark"];
const FLAG = /^flag-([a-z]{2})$/;
const REGIONAL_A = 0x1f1e6;

/** @returns `undefined` if there is no such emoji in Unicode */
export function emojiWithName(name: string): string | undefined {
  const [, slackBase, slackTone = ""] = SLACK_TONE.exec(name) ?? [];
  const [, otherBase, toneName = ""] = MATTERMOST_TONE.exec(name) ?? [];
  const tone = slackBase === undefined ? TONE_NAMES.indexOf(toneName) + 1 : Number(slackTone) - 1;
  const base = slackBase ?? otherBase ?? name;
  const [, country] = FLAG.exec(base) ?? [];
  const flag = country === undefined ? undefined : flagOf(country);
  const emoji = OTHER.get(base) ?? emojiOf(base) ?? flag;
  return emoji === undefined ? undefined : withSkinTone(emoji, SKIN_TONES[tone] ?? "");
}

function flagOf(country: string): string {
  const letters = Array.from(country, (letter) => REGIONAL_A + letter.charCodeAt(0) - 97);
  return String.fromCodePoint(...letters);
}

const SHORT_NAME = new RegExp(
  [
    "(?<![\\p{L}\\p{N}]):(?:[a-z0-9][a-z0-9_'+&-]*|[+-]1)",
    ":(?::skin-tone-[2-6](?:-[2-6])?:)?(?![\\p{L}\\p{N}])",
  ].join(""),
  "gu",
);

/** Replaces names between colons outside code. Unknown names stay as they are. */
export function withEmoji(text: string): string {
  let result = "";
  let done = 0;
  for (const { 0: code, index } of text.matchAll(CODE)) {
    result += replaceNames(text.slice(done, index)) + code;
    done = index + code.length;
  }
  return result + replaceNames(text.slice(done));
}

function replaceNames(text: string): string {
  return text.replaceAll(SHORT_NAME, (whole: string) => emojiWithName(whole.slice(1, -1)) ?? whole);
}
