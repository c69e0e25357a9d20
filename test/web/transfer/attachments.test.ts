import { expect, test } from "bun:test";
import { FILES_PER_POST_MAX } from "../../../src/base/limits.ts";
import { type Attachment, Attachments } from "../../../src/web/transfer/attachments.ts";

const attached = (name: string): Attachment => ({
  file: new File([name], name),
  handle: undefined,
});

test("a copy takes the place of its file, also among the most files of a message", () => {
  const changes: string[] = [];
  const attachments = new Attachments((target, { file }, change, before) => {
    changes.push([target, change, file.name, before?.file.name].join(" "));
  });
  const files = Array.from({ length: FILES_PER_POST_MAX }, (_, i) => attached(`${i}.jpg`));
  attachments.add("lobby", files);
  changes.length = 0;
  const [, second = attached("")] = files;
  const copy = attached("copy.jpg");
  attachments.replace("lobby", second, copy);
  expect(attachments.filesFor("lobby")).toEqual(files.with(1, copy));
  expect(changes).toEqual(["lobby replaced copy.jpg 1.jpg"]);
  // It was removed or sent meanwhile.
  attachments.replace("lobby", second, attached("late.jpg"));
  expect(attachments.filesFor("lobby")).toEqual(files.with(1, copy));
  expect(changes.length).toBe(1);
  expect(attachments.isLossy).toBe(true);
});
