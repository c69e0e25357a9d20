import { expect, test } from "bun:test";
import { releaseNotes } from "../../tools/release/notes.ts";

const CHANGELOG =
  "# Changelog\n\n## 0.2.0 (unreleased)\n\n- New.\n\n## 0.1.0 (2026-11-20)\n\n- Old.\n";

test("returns the notes of a version from the changelog", () => {
  const dated = CHANGELOG.replace("unreleased", "2026-12-01");
  expect(releaseNotes(dated, "0.2.0")).toBe("# chat 0.2.0\n\n- New.\n");
  expect(releaseNotes(CHANGELOG, "0.1.0")).toBe("# chat 0.1.0\n\n- Old.\n");
});

test.each(["0.2.0", "0.3.0", "0.1"])(
  "refuses version %s, which has no dated section",
  (version) => {
    expect(() => releaseNotes(CHANGELOG, version)).toThrow("has no dated section");
  },
);
