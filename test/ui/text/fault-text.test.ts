import { expect, test } from "bun:test";
import { Fault, msg } from "../../../src/base/fault.ts";
import { ENGLISH } from "../../../src/ui/messages/en/page.ts";
import { ENGLISH_START } from "../../../src/ui/messages/en/start.ts";
import { INDONESIAN } from "../../../src/ui/messages/id/page.ts";
import { faultText, refusalText } from "../../../src/ui/text/fault-text.ts";

test("a message that slow mode has refused names no wait, which would soon be over", () => {
  const slow = new Fault("too-fast", msg`slow mode in '${"lab"}': you can post again in ${18} s`, {
    remedy: msg`send it again later`,
  });
  expect(faultText(slow, ENGLISH)).toBe(
    "Slow mode in 'lab': you can post again in 18 s. Send it again later.",
  );
  expect(refusalText(slow, ENGLISH)).toBe("Slow mode: too soon after your last message.");
  const muted = new Fault("muted", msg`you are muted in '${"lab"}'`);
  expect(refusalText(muted, ENGLISH)).toBe(faultText(muted, ENGLISH));
});

test("shows the fault's own sentence, and a remedy that works on the page", () => {
  const room = new Fault("not-allowed", msg`'${"lab"}' is not an assignment`, {
    remedy: msg`make it one: ${"/rules post private"}`,
  });
  expect(faultText(room, ENGLISH)).toBe("'lab' is not an assignment. Make it one: Rules.");
  expect(faultText(room, INDONESIAN)).toBe("'lab' bukan ruang tugas. Jadikan ruang tugas: Aturan.");
  expect(faultText(room, ENGLISH_START)).toBe(
    "'lab' is not an assignment. Make it one: /rules post private.",
  );
  const devices = new Fault("too-many", msg`an account can have at most ${2} devices`, {
    remedy: msg`sign out another device first: ${"chat devices --revoke ID"}`,
  });
  expect(faultText(devices, ENGLISH)).toEndWith(
    "Sign out another device first: Settings > Devices.",
  );
  expect(faultText(devices, ENGLISH_START)).toBe("An account can have at most 2 devices.");
  const files = new Fault("file-unknown", msg`no file ${"a"} here`, {
    remedy: msg`list them: ${"chat files, or /files"}`,
  });
  expect(faultText(files, INDONESIAN)).toBe("Tidak ada berkas a di sini. Lihat daftarnya: Berkas.");
  const misuse = new Fault("usage", msg`invalid arguments`, {
    remedy: msg`usage: ${"/invite NAME"}`,
  });
  expect(faultText(misuse, ENGLISH)).toBe("Invalid arguments. Usage: /invite NAME.");
  const reset = new Fault("login-refused", "wrong password", { remedy: "run chat passwd" });
  expect(faultText(reset, ENGLISH_START)).toBe("Wrong password.");
});

test("shows the text of the code if only the page knows what to do", () => {
  expect(faultText(new Fault("kind-unknown", "no such request: x"), ENGLISH)).toBe(
    "The server doesn't support this request. Reload the page.",
  );
});
