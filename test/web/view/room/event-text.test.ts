import { expect, test } from "bun:test";
import { itemOf } from "../../../../src/core/model/item.ts";
import { loadTexts } from "../../../../src/web/text/en.ts";
import { timesIn } from "../../../../src/web/text/times.ts";
import { briefText } from "../../../../src/web/view/room/event-text.ts";
import { fileBody } from "../../../cli/screen/view/scenes.ts";
import { record } from "../../../core/model-scene.ts";

test("a file in one line has what is said with it; one that is gone has neither", async () => {
  const texts = await loadTexts("en");
  const times = timesIn(texts);
  const brief = (change: object) =>
    briefText(
      itemOf(record(5, { kind: "file", ...change }), "ana", () => false),
      texts,
      times,
    );
  const body = fileBody("a.png");
  expect(brief({ body })).toBe("File: a.png");
  expect(brief({ body: { ...body, text: "look\n\u001b[2J here" } })).toBe(
    "File: a.png: look ␛[2J here",
  );
  expect(brief({ state: "erased", body: undefined })).toBe(texts.erased);
});
