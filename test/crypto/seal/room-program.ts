/**
 * A sealed room of two devices, each with a key that WebCrypto keeps to itself: what a browser or
 * a compiled program runs. Written without Bun, Node and the parts of the tests that need them.
 */
import { concatBytes, toBase64Url, utf8Decode, utf8Encode } from "../../../src/base/bytes.ts";
import { checkName } from "../../../src/base/names.ts";
import { deviceCertPayload } from "../../../src/crypto/cert-payload.ts";
import { SealEngine } from "../../../src/crypto/seal/engine.ts";
import { FileStream, makeFileSecret } from "../../../src/crypto/seal/file-stream.ts";
import { safetyNumber } from "../../../src/crypto/seal/safety-number.ts";
import { wipe } from "../../../src/crypto/seal/secrets.ts";
import { importStateKey } from "../../../src/crypto/seal/state-box.ts";
import { deviceCertBytes } from "../../../src/crypto/signed-bytes.ts";

const SERVER = `SHA256:${"A".repeat(43)}`;
const ROOM = "rAAAAAAAAAAA";
const ED25519 = { name: "Ed25519" };
const bound = utf8Encode("post 1");

async function keyPair() {
  const made = await crypto.subtle.generateKey(ED25519, false, ["sign", "verify"]);
  const { publicKey, privateKey } = made as {
    publicKey: Parameters<typeof crypto.subtle.exportKey>[1];
    privateKey: Parameters<typeof crypto.subtle.sign>[1];
  };
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)),
    sign: async (bytes: Uint8Array) =>
      new Uint8Array(await crypto.subtle.sign(ED25519, privateKey, bytes.slice())),
  };
}

async function device(name: string) {
  const [account, signer] = [await keyPair(), await keyPair()];
  const user = checkName(name);
  const about = { server: SERVER, user, deviceKey: signer.publicKey, kind: "web" } as const;
  const payload = deviceCertPayload({ ...about, signedAtUnixMs: 1 }, account.publicKey);
  const cert = concatBytes(await account.sign(deviceCertBytes(payload)), payload);
  const unixMs = () => Date.now();
  const engine = await SealEngine.open({ signer, cert, servers: [SERVER], unixMs });
  return { user, engine, account: toBase64Url(account.publicKey) };
}

/** @returns what was read at the end, and milliseconds of a message, sent and read */
export async function sealedRoom(): Promise<{ readonly text: string; readonly ms: number }> {
  const [ana, bob] = [await device("ana"), await device("bob")];
  const context = { bound, accountOf: () => undefined };
  const rules = { room: ROOM, adders: "members", web: true, history: false } as const;
  const { group } = await ana.engine.create({ ...rules, admins: [ana.account] });
  const [pair] = await bob.engine.makeKeyPackages(1);
  if (pair === undefined) throw new Error("a key package was to be made");
  const intent = { kind: "add", keyPackages: [pair.keyPackage] } as const;
  const added = await ana.engine.commit(group, intent, context);
  const secretOf = () => pair.secret;
  const place = { ...context, room: ROOM };
  const joined = await bob.engine.join(added.welcome ?? bound, secretOf, place);
  const update = await bob.engine.commit(joined.group, { kind: "update" }, context);
  const processed = await ana.engine.process(added.group, update.commit, context);
  if (processed.kind !== "applied") throw new Error(processed.kind);
  wipe(processed.consumed);

  const key = await importStateKey(crypto.getRandomValues(new Uint8Array(32)));
  const state = await bob.engine.save(update.group, { key, lease: "1" });
  let bobs = await bob.engine.load(state, { key, lease: "1", gid: update.group.gid });
  let anas = processed.group;
  const messages = 50;
  let text = "";
  const started = performance.now();
  for (let count = 1; count <= messages; count++) {
    const content = { body: utf8Encode(`text ${count}`), sentAtUnixMs: Date.now(), count };
    const sent = await ana.engine.encrypt(anas, content, { bound });
    const read = await bob.engine.decrypt(bobs, sent.message, { bound });
    [anas, bobs] = [sent.group, read.group];
    text = `${read.message.sender.user}: ${utf8Decode(read.message.body)}`;
  }
  const ms = (performance.now() - started) / messages;
  const plan = { fileId: "fAAAAAAAAAAA", sizeBytes: 5, chunkBytes: 4 };
  const file = await FileStream.open(makeFileSecret(), plan);
  await file.unseal(1, await file.seal(1, new Uint8Array(1), true));
  if ((await safetyNumber(ana, bob)).length !== 71) throw new Error("60 digits in 12 groups");
  return { text, ms };
}
