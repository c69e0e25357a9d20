import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes, utf8Encode } from "../src/base/bytes.ts";
import { SIGNATURE_NAME, SUMS_NAME } from "../src/cli/release/release.ts";
import { Identity } from "../src/crypto/identity.ts";
import { tempFolder } from "./temp-folder.ts";

const KEY_ID = new Uint8Array(8).fill(7);
const encode = (...parts: Uint8Array[]) => concatBytes(...parts).toBase64();

export class ReleaseSigner {
  readonly #identity = Identity.generate();

  get publicKey(): string {
    return encode(utf8Encode("Ed"), KEY_ID, this.#identity.publicKey);
  }

  sign(text: string, comment: string): string {
    const signature = this.#identity.sign(createHash("blake2b512").update(text).digest());
    const covering = this.#identity.sign(concatBytes(signature, utf8Encode(comment)));
    const lines = [encode(utf8Encode("ED"), KEY_ID, signature), `trusted comment: ${comment}`];
    return ["untrusted comment: x", ...lines, encode(covering), ""].join("\n");
  }

  release(files: Readonly<Record<string, string | Uint8Array>>, comment = "chat 0.2.0"): string {
    const folder = tempFolder();
    const sums = Object.entries(files).map(([name, content]) => `${sumOf(content)}  ${name}\n`);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, SUMS_NAME), sums.join(""));
    writeFileSync(join(folder, SIGNATURE_NAME), this.sign(sums.join(""), comment));
    return folder;
  }
}

export function sumOf(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
