import { expect, test } from "bun:test";
import { faceTexts, languageOf } from "../../../../src/cli/screen/text/faces.ts";

test("the language is the chosen one, or that of the locale", () => {
  expect(languageOf("id", { LANG: "en_US.UTF-8" })).toBe("id");
  expect(languageOf("auto", { LANG: "id_ID.UTF-8" })).toBe("id");
  expect(languageOf("auto", { LC_ALL: "C", LANG: "id_ID.UTF-8" })).toBe("en");
  expect(languageOf("auto", {})).toBe("en");
});

test("each language has the page's words and the screen's", () => {
  expect(faceTexts("en").screen.moreBelow).toContain("below");
  expect(faceTexts("id").screen.moreBelow).toContain("bawah");
  expect(faceTexts("id").offline(0)).not.toBe(faceTexts("en").offline(0));
});
