import { expect, test } from "bun:test";
import { emojiWithName, withEmoji } from "../../../src/cli/import/emoji-names.ts";
import { markdownOf } from "../../../src/cli/import/mrkdwn.ts";

const NAMES = { users: new Map([["U1", "Ana"]]), channels: new Map([["C2", "random"]]) };

test.each([
  ["*bold* _it_ ~gone~", "**bold** _it_ ~~gone~~"],
  ["(*bold*), *_both_* and _*both*_", "(**bold**), **_both_** and _**both**_"],
  ["*two words* and *a*", "**two words** and **a**"],
  ["2*3*4 a * b * c ** ~5 or ~6 ~/x ~/y", "2*3*4 a * b * c ** ~5 or ~6 ~/x ~/y"],
  ["*not\nbold*", "*not\nbold*"],
  ["`*code*` ```\n~x~ *y*\n``` *z*", "`*code*` ```\n~x~ *y*\n``` **z**"],
  ["*see `x*y` now*", "**see `x*y` now**"],
  ["`<https://a.example|a.example>` `&lt;b&gt;`", "`a.example` `<b>`"],
  ["<https://a.example/*x*>", "https://a.example/*x*"],
  ["<https://a.example|*this*>", "*this* (https://a.example)"],
  ["<https://a.example/x|a.example/x>", "https://a.example/x"],
  ["<mailto:ana@a.example|ana@a.example>", "ana@a.example"],
  ["<@U1> <@U1|old> <@U9> <@U9|eve>", "@Ana @Ana @U9 @eve"],
  ["<#C2> <#C2|> <#C2|old> <#C9|> <#C9|x>", "#random #random #random #C9 #x"],
  ["<!here> <!channel> <!subteam^S1> <!subteam^S1|@ops>", "@here @channel @S1 @ops"],
  ["<!here|here> <!channel|@channel> <!everyone|>", "@here @channel @everyone"],
  ["<!date^1392734382^{date}|18 Feb> <!date^1392734382^{date}>", "18 Feb 2014-02-18 14:39"],
  ["&amp;lt; &lt;@U1&gt;", "&lt; <@U1>"],
  [":tada: `:tada:` 10:30:45 :party_cat:", "🎉 `:tada:` 10:30:45 :party_cat:"],
  ["\ufffe0\ufffe `a`", "\ufffd0\ufffd `a`"],
])("converts %j", (mrkdwn, markdown) => {
  expect(markdownOf(mrkdwn, NAMES)).toBe(markdown);
});

test.each([
  ["white_check_mark", "✅"],
  ["+1", "👍"],
  ["+1::skin-tone-3", "👍🏼"],
  ["+1::skin-tone-6", "👍🏿"],
  ["woman-shrugging::skin-tone-2", "🤷🏻‍♀️"],
  ["hugging_face", "🤗"],
  ["the_horns", "🤘"],
  ["satellite", "🛰️"],
  ["flag-de", "🇩🇪"],
  ["thumbsup_medium_light_skin_tone", "👍🏼"],
  ["tada::skin-tone-3", "🎉"],
  ["partyparrot", undefined],
])("finds the emoji %s", (name, emoji) => {
  expect(emojiWithName(name)).toBe(emoji);
});

test("replaces names of emoji outside code", () => {
  expect(withEmoji(":+1::skin-tone-3: a:tada:b `:x:` :x:")).toBe("👍🏼 a:tada:b `:x:` ❌");
});
