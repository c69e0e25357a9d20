import { expect } from "bun:test";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";
import { createSealedRoom, inviteUser } from "./sealed-devices.ts";

const server = new PageServer();

/** Makes the browser one of early 2023, as far as a script can. */
const OLD_BROWSER = `{
  const prototype = globalThis.SubtleCrypto?.prototype ?? {};
  const curve = (arg) => /^(Ed|X)25519$/.test(Object(arg).name ?? arg);
  for (const name of ["generateKey", "importKey", "deriveBits", "sign", "verify"]) {
    const native = prototype[name];
    prototype[name] = async function (...args) {
      if (args.slice(0, 3).some(curve)) throw new DOMException("no curve", "NotSupportedError");
      return await native.apply(this, args);
    };
  }
  delete Uint8Array.fromBase64;
  delete Uint8Array.fromHex;
  for (const name of ["toBase64", "toHex", "setFromBase64", "setFromHex"])
    delete Uint8Array.prototype[name];
  for (const name of ["toReversed", "toSorted", "toSpliced", "with"]) {
    delete Array.prototype[name];
    delete Object.getPrototypeOf(Uint8Array.prototype)[name];
  }
  delete Map.groupBy;
  delete Object.groupBy;
  delete Promise.withResolvers;
  delete Promise.try;
  delete Array.fromAsync;
  delete URL.canParse;
  delete URL.parse;
  delete AbortSignal.any;
  delete String.prototype.isWellFormed;
  delete String.prototype.toWellFormed;
  delete Intl.Segmenter;
  delete ArrayBuffer.prototype.transfer;
  delete globalThis.Iterator;
  const iterator = Object.getPrototypeOf(Object.getPrototypeOf([].values()));
  for (const name of Object.getOwnPropertyNames(iterator))
    if (!/^constructor$/.test(name)) delete iterator[name];
  for (const name of ["union", "intersection", "difference", "isSubsetOf", "isSupersetOf",
    "symmetricDifference", "isDisjointFrom"]) delete Set.prototype[name];
  for (const name of ["popover", "showPopover", "hidePopover", "togglePopover"])
    delete HTMLElement.prototype[name];
  delete Element.prototype.checkVisibility;
  delete Document.prototype.startViewTransition;
  delete Element.prototype.moveBefore;
  delete globalThis.showSaveFilePicker;
  delete globalThis.scheduler;
}`;

pageTest(
  "makes an account, writes, reads and opens an encrypted room in a browser of 2023",
  async () => {
    await using ana = await server.logIn("ana", { initScript: OLD_BROWSER });
    await using ben = await server.logIn("ben", { password: "correct horse battery" });
    await ana.send("**hello** from 2023 👨‍👩‍👧");
    await ana.waitUntilSent();
    await ben.waitForMessage("hello from 2023");
    await ben.send("and back");
    await ana.waitForMessage("and back");
    await ana.sendFiles(server.sandbox.write("notes.txt", "from an old browser"));
    await ben.file("notes.txt").first().waitFor();
    await createSealedRoom(ana, "secret");
    await inviteUser(ana, "ben", ben, "secret");
    await ana.send("sealed text");
    await ana.waitUntilSent();
    await ana.reload();
    await ana.waitForMessage("sealed text");
    await ana.send("after the reload");
    await ana.waitUntilSent();
    await ana.composer.waitFor();
    expect(await ana.accessibilityViolations()).toEqual([]);
  },
);
