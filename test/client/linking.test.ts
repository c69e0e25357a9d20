import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { LINK_CODE_MS } from "../../src/base/limits.ts";
import { checkName } from "../../src/base/names.ts";
import { accountKeyOf, storeAccountKey } from "../../src/client/account-key.ts";
import type { SendRequest } from "../../src/client/link/queries.ts";
import { offerLink, requestLink } from "../../src/client/linking.ts";
import { verifyDeviceCert } from "../../src/crypto/device-cert.ts";
import { Identity } from "../../src/crypto/identity.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { ClientState } from "../../src/io/state/client-state.ts";
import type { RequestFields } from "../../src/wire/messages.ts";
import { faultCode } from "../fault-code.ts";
import { rejection } from "../rejection.ts";
import { VirtualClock } from "./virtual-clock.ts";

const random = systemEntropy();
const { fingerprint } = Identity.generate();
const user = checkName("ana");
const device = Identity.generate();
const OWN = Identity.generate();
const NEW_DEVICE = { deviceKey: device.publicKey, kind: "web" } as const;

/** A server that relays between one host and one guest. */
async function offer(refusal?: Fault, foreignKey?: Fault) {
  const clock = new VirtualClock();
  const state = ClientState.inMemory();
  const pem = state.accountKey(fingerprint, user, () => Identity.generate().toPem());
  const added: RequestFields<"device-add">[] = [];
  let replied = Promise.withResolvers<Uint8Array | undefined>();
  const sent: string[] = [];
  const ofHost = (async (kind: string, fields: object) => {
    sent.push(kind);
    if (kind === "code-reply") replied.resolve((fields as RequestFields<"code-reply">).message);
    const { deviceKey } = fields as Partial<RequestFields<"device-add">>;
    if (deviceKey === OWN.publicKey && foreignKey !== undefined) throw foreignKey;
    if (deviceKey === OWN.publicKey) return {};
    if (kind === "device-add" && refusal !== undefined) throw refusal;
    if (kind === "device-add") added.push(fields as RequestFields<"device-add">);
    return kind === "code-offer" ? { number: 42 } : {};
  }) as SendRequest;
  const account = accountKeyOf({ state, clock, fingerprint, user, device: OWN });
  const offered = await offerLink({ ...account, random, sendRequest: ofHost });
  const sendRequest = (async (_kind: string, { message }: RequestFields<"code-ask">) => {
    replied = Promise.withResolvers();
    offered.answer({ kind: "code-asked", exchange: 1, message });
    const reply = await replied.promise;
    if (reply === undefined) throw new Fault("code-wrong", "wrong");
    return { message: reply };
  }) as SendRequest;
  const link = (code = offered.code, server = fingerprint) =>
    requestLink({ fingerprint: server, random, sendRequest }, code, NEW_DEVICE);
  return { clock, offered, added, sent, link, account: Identity.fromPem(pem) };
}

test("gives the new device the account key and a certificate", async () => {
  const { offered, added, link, account } = await offer();
  expect(offered.code).toStartWith("42-");
  const linked = await link();
  expect(await offered.linked).toEqual(device.publicKey);
  const [addition] = added;
  expect(addition?.deviceKey).toEqual(device.publicKey);
  const cert = verifyDeviceCert(addition?.deviceCert ?? new Uint8Array());
  expect(cert).toMatchObject({ user: "ana", kind: "web" });
  const state = ClientState.inMemory();
  storeAccountKey(state, fingerprint, linked);
  const stored = Identity.fromPem(state.knownAccountKey(fingerprint, "ana") ?? "");
  expect(stored.publicKey).toEqual(account.publicKey);
});

test("a code links one device", async () => {
  const { offered, added, link } = await offer();
  await link();
  await offered.linked;
  expect(await rejection(link())).toMatchObject({ code: "code-wrong" });
  expect(added).toHaveLength(1);
});

test("grants nothing to a wrong code, nor at another server", async () => {
  const cases: ((parts: Awaited<ReturnType<typeof offer>>) => Promise<unknown>)[] = [
    ({ offered, link }) => link(offered.code.replace(/-\w+$/, "-tiger").replace("42", "43")),
    ({ offered, link }) => link(offered.code, Identity.generate().fingerprint),
  ];
  for (const guess of cases) {
    const parts = await offer();
    expect(await rejection(guess(parts))).toMatchObject({ code: "code-wrong" });
    expect(await rejection(parts.offered.linked)).toMatchObject({ code: "code-wrong" });
    // The server counts the guess only if the reply arrives first.
    expect(parts.sent.slice(-2)).toEqual(["code-reply", "code-withdraw"]);
    expect(await rejection(parts.link())).toMatchObject({ code: "code-wrong" });
    expect(parts.added).toEqual([]);
  }
});

test("the code ends after ten minutes, or with its dialog", async () => {
  const late = await offer();
  await late.clock.advance(LINK_CODE_MS);
  expect(await rejection(late.offered.linked)).toMatchObject({ code: "timeout" });
  const closed = await offer();
  closed.offered.end();
  for (const { link, added } of [late, closed]) {
    expect(await rejection(link())).toMatchObject({ code: "code-wrong" });
    expect(added).toEqual([]);
  }
});

test("both devices report that the server refuses the new device", async () => {
  const refused = await offer(new Fault("too-many", "too many devices"));
  expect(await rejection(refused.link())).toMatchObject({ code: "code-wrong" });
  expect(await rejection(refused.offered.linked)).toMatchObject({ code: "too-many" });
});

test("offers no code if this device's key is not the account's", async () => {
  const foreign = new Fault("not-allowed", "this device does not have ana's account key");
  expect(await rejection(offer(undefined, foreign))).toBe(foreign);
});

test("requires the account key for granting a link", () => {
  const state = ClientState.inMemory();
  const options = { state, clock: new VirtualClock(), fingerprint, user, device: OWN };
  expect(faultCode(() => accountKeyOf(options))).toBe("not-allowed");
});
