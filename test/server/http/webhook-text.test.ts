import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Encode } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/base/fault.ts";
import { TEXT_BYTES_MAX, WEBHOOK_BYTES_MAX } from "../../../src/base/limits.ts";
import { finishSteps } from "../../../src/base/steps.ts";
import { payloadSteps, webhookSteps } from "../../../src/server/http/webhook-text.ts";
import { ANY_CHARACTER } from "../../any-character.ts";
import { sampleSize } from "../../samples.ts";

const webhookText = (json: string) => finishSteps(webhookSteps(json));
const payloadText = (form: string) => {
  const steps = payloadSteps(form);
  return steps && finishSteps(steps);
};
const textOf = (body: unknown) => webhookText(JSON.stringify(body)).text;

function refusal(json: string): string {
  try {
    webhookText(json);
  } catch (error) {
    if (error instanceof Fault) return `${error.code}: ${error.message}`;
    throw error;
  }
  throw new Error("it was taken");
}

test("accepts the text of a JSON body unchanged", () => {
  const text = "a <b> &amp; <https://x|y>\nand more ";
  expect(webhookText(JSON.stringify({ text }))).toEqual({ text, isWebhook: false });
});

test.each([
  ["", "text-invalid: the body is not JSON"],
  ["[]", "text-invalid: the body is not a JSON object"],
  ["null", "text-invalid: the body is not a JSON object"],
  ['"hi"', "text-invalid: the body is not a JSON object"],
  ["{}", "text-invalid: the body has no 'text'"],
  ['{"message":{"text":"hi"},"msg":[1],"content":null}', "text-invalid: the body has no 'text'"],
  ['{"message":"\\t","text":" "}', "text-invalid: message is empty"],
  ['{"text":5}', "text-invalid: 'text' is not a string"],
  ['{"text":""}', "text-invalid: message is empty"],
  ['{"text":" \\n"}', "text-invalid: message is empty"],
  ['{"text":"\\ud800"}', "text-invalid: the text is not valid UTF-8"],
  ['{"attachments":[]}', "text-invalid: message is empty"],
  ['{"attachments":[5,null,{"title":7}],"text":7}', "text-invalid: 'text' is not a string"],
  ['{"alerts":[]}', "text-invalid: message is empty"],
  [JSON.stringify({ text: "x".repeat(TEXT_BYTES_MAX + 1) }), "too-large: a text can have at most"],
])("refuses %p", (json, message) => {
  expect(refusal(json)).toStartWith(message);
});

test("turns any JSON into a fitting text or a fault", () => {
  const anyText = fc.string({ unit: ANY_CHARACTER, maxLength: 20 });
  const odd = fc.oneof(anyText, fc.jsonValue());
  const part = fc.record(
    { title: odd, title_link: odd, text: odd, pretext: odd, fallback: odd, fields: odd },
    { requiredKeys: [] },
  );
  const alert = fc.record({ status: odd, labels: odd, annotations: odd }, { requiredKeys: [] });
  const body = fc.record(
    {
      text: odd,
      attachments: fc.oneof(odd, fc.array(part)),
      blocks: fc.oneof(odd, fc.array(part)),
      alerts: fc.oneof(odd, fc.array(alert)),
      title: odd,
      message: odd,
      msg: odd,
      content: odd,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(body, fc.jsonValue()), (value) => {
      try {
        const { text } = webhookText(JSON.stringify(value));
        expect(text.isWellFormed() && text.trim() !== "").toBe(true);
        expect(utf8Encode(text).length).toBeLessThanOrEqual(TEXT_BYTES_MAX);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }),
  );
});

test.each([
  ["Gotify", { title: "Backup", message: "done", priority: 5 }, "Backup\ndone"],
  ["Uptime Kuma", { heartbeat: null, monitor: null, msg: "[web] down" }, "[web] down"],
  ["Discord", { username: "ci", content: "build 7", embeds: [] }, "build 7"],
  ["a program with an empty text", { text: "", message: 7 }, "7"],
  ["a program without a text", { text: null, content: " hi " }, "hi"],
])("reads the body of %s", (_, body, text) => {
  expect(webhookText(JSON.stringify(body))).toEqual({ text, isWebhook: true });
});

test("cuts a long message", () => {
  expect(textOf({ message: "x".repeat(TEXT_BYTES_MAX + 1) })).toEndWith("… (cut)");
});

test("reads a webhook of Alertmanager", () => {
  const text = textOf({
    attachments: [
      {
        title: "[FIRING:1] HighLoad (db1 page)",
        title_link: "http://am.example:9093/#/alerts?receiver=chat",
        pretext: "",
        text: "load is above 8 &amp; rising, see <http://wiki.example/load|the page>",
        fallback: "[FIRING:1] HighLoad | http://am.example:9093",
        fields: [{ title: "severity", value: "page", short: true }],
      },
    ],
  });
  expect(text).toBe(
    "[FIRING:1] HighLoad (db1 page) (http://am.example:9093/#/alerts?receiver=chat)\n" +
      "load is above 8 & rising, see the page (http://wiki.example/load)\nseverity: page",
  );
});

test("uses the fallback and blocks only without other text", () => {
  expect(textOf({ attachments: [{ fallback: "all is well", color: "good" }] })).toBe("all is well");
  const blocks = [
    { type: "header", text: { type: "plain_text", text: "Deploy" } },
    { type: "divider" },
    { type: "section", fields: [{ type: "mrkdwn", text: "v2 &gt; v1" }] },
  ];
  expect(textOf({ blocks })).toBe("Deploy\nv2 > v1");
  expect(textOf({ blocks, text: "Deploy of v2" })).toBe("Deploy of v2");
});

test("reads rich text, nested blocks and markup as an import does", () => {
  const part = (type: string, fields: object) => ({ type, ...fields });
  const section = (...elements: object[]) => part("rich_text_section", { elements });
  const elements = [
    section(
      part("text", { text: "build ", style: { bold: true } }),
      part("emoji", { name: "tada" }),
    ),
    part("rich_text_list", { style: "bullet", elements: [section(part("text", { text: "one" }))] }),
  ];
  const blocks = [
    part("rich_text", { elements }),
    part("context", { elements: [part("mrkdwn", { text: "*by* ana, a <b> &amp; c" })] }),
  ];
  expect(textOf({ blocks })).toBe("**build** :tada:\n- one\n**by** ana, a <b> & c");
  const attachments = [{ author_name: "ci", blocks: [part("section", { text: { text: "red" } })] }];
  expect(textOf({ attachments })).toBe("ci\nred");
  let deep: unknown = "x";
  for (let level = 0; level < 5_000; level++) deep = [{ type: "section", elements: deep }];
  expect(refusal(JSON.stringify({ blocks: deep }))).toStartWith("text-invalid");
});

test("cuts a long text at a whole character", () => {
  const text = textOf({ attachments: [{ text: "é".repeat(TEXT_BYTES_MAX) }] });
  expect(utf8Encode(text).length).toBeLessThanOrEqual(TEXT_BYTES_MAX);
  expect(text).toEndWith("é\n… (cut)");
  expect(text.isWellFormed()).toBe(true);
});

test("reads a webhook in the field of a form", () => {
  const form = `payload=${encodeURIComponent('{"text":"100% & more"}').replaceAll("%20", "+")}`;
  expect(payloadText(form)).toEqual({ text: "100% & more", isWebhook: true });
  expect(payloadText("payload=x")).toBeUndefined();
  expect(payloadText("text=payload={}")).toBeUndefined();
  expect(() => payloadText("payload={")).toThrow("the body is not JSON");
});

const alerts = [
  {
    status: "firing",
    labels: { alertname: "HighLoad", instance: "db1", severity: "page" },
    annotations: { summary: "load is above 8", description: "for ten minutes" },
    startsAt: "2026-11-20T05:46:33.123Z",
  },
  { status: "resolved", labels: { alertname: "DiskFull" }, annotations: {} },
];

test("writes a line per alert of Alertmanager", () => {
  expect(textOf({ version: "4", status: "firing", alerts })).toBe(
    "[firing] HighLoad: load is above 8 (instance=db1, severity=page)\n[resolved] DiskFull",
  );
});

test("uses the text of Grafana", () => {
  const body = { alerts, title: "[FIRING:1] HighLoad", message: "**Firing**\n\nValue: A=9" };
  expect(textOf(body)).toBe("[FIRING:1] HighLoad\n**Firing**\n\nValue: A=9");
});

const richText = (elements: readonly object[]) => ({ blocks: [{ type: "rich_text", elements }] });
const list = (fields: object) => richText([{ type: "rich_text_list", elements: [], ...fields }]);

test.each([
  ["indent", -1],
  ["indent", 0.5],
  ["indent", "2"],
  ["indent", []],
  ["offset", -1],
  ["offset", {}],
])("refuses a list whose %s is %j", (name, value) => {
  const message = `text-invalid: '${name}' is not a whole number from 0`;
  expect(refusal(JSON.stringify(list({ [name]: value })))).toBe(message);
  const nested = { attachments: [list({ [name]: value })], text: "x" };
  expect(refusal(JSON.stringify(nested))).toBe(message);
});

/** Each field of the formats that are read, in bodies that reach it. */
const FIELD_NAMES = [
  ...["type", "text", "elements", "element", "fields", "title", "title_link", "value", "indent"],
  ...["offset", "style", "url", "user_id", "channel_id", "usergroup_id", "range", "name", "rows"],
  ...["skin_tone", "fallback", "timestamp", "pretext", "author_name", "footer", "files", "actions"],
  ...["mode", "id", "image_url", "thumb_url", "message_blocks", "message", "blocks", "attachments"],
  ...["label", "hint", "accessory", "raw_text", "description", "alt_text", "footer", "bold"],
  ...["status", "labels", "alertname", "annotations", "summary", "alerts", "toString", "valueOf"],
];
const TYPES = [
  ...["rich_text", "rich_text_list", "rich_text_section", "rich_text_quote", "section", "button"],
  ...["rich_text_preformatted", "text", "link", "user", "channel", "usergroup", "broadcast"],
  ...["emoji", "date", "color", "header", "table", "tombstone"],
];

test("turns fields of any type and range into a fitting text or a fault", () => {
  const number = fc.constantFrom(-1, 0.5, 8, 9, 2 ** 31, 2 ** 53, -1e308, 1e308, Number.NaN);
  const leaf = fc.oneof(number, fc.constantFrom("", " ", "a b", "<a|b>", ...TYPES), fc.jsonValue());
  const { part } = fc.letrec<{ part: unknown; value: unknown }>((tie) => ({
    part: fc
      .tuple(
        fc.dictionary(fc.constantFrom(...FIELD_NAMES), tie("value"), { maxKeys: 6 }),
        fc.constantFrom(...TYPES),
      )
      .map(([fields, type]) => ({ type, ...fields })),
    value: fc.oneof({ maxDepth: 4 }, leaf, tie("part"), fc.array(tie("part"), { maxLength: 3 })),
  }));
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  const body = fc.oneof(
    parts.map((blocks) => ({ blocks })),
    parts.map((attachments) => ({ attachments })),
    parts.map((alerts) => ({ alerts })),
    parts.map((elements) => richText(elements as object[])),
  );
  fc.assert(
    fc.property(body, (value) => {
      try {
        const { text } = webhookText(JSON.stringify(value));
        expect(utf8Encode(text).length).toBeLessThanOrEqual(TEXT_BYTES_MAX);
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
      }
    }),
    { numRuns: sampleSize(1_000, 20_000) },
  );
});

test("refuses a webhook with too many parts", () => {
  const attachments = Array.from({ length: 10_000 }, () => ({ text: "x" }));
  expect(refusal(JSON.stringify({ attachments }))).toStartWith("too-large: a webhook can have");
  expect(textOf({ attachments: attachments.slice(1) })).toStartWith("x\nx");
});

test("marks a text as cut whose markup is longer than a message", () => {
  const text = textOf({ attachments: [{ text: "<http://a|b> ".repeat(WEBHOOK_BYTES_MAX / 16) }] });
  expect(text).toStartWith("b (http://a) b");
  expect(text).toEndWith("… (cut)");
  expect(textOf({ attachments: [{ text: "&amp;".repeat(20_000) }] })).toBe("&".repeat(20_000));
});

test("converts the parts of a webhook in turns", () => {
  const blocks = Array.from({ length: 100 }, (_, n) => ({ type: "section", text: `part ${n}` }));
  let steps = 0;
  for (const _ of webhookSteps(JSON.stringify({ blocks }))) steps++;
  expect(steps).toBeGreaterThanOrEqual(200);
});

test("finds the words of a text in another within moments", () => {
  const half = "a".repeat(62_000);
  const text = `${half}a${half} ${half}b${half.slice(1)}`;
  const blocks = [{ type: "section", text: `${half}b${half}` }];
  expect(textOf({ attachments: [{ text, blocks }] })).toEndWith("… (cut)");
}, 10_000);
