/** Links a new device to an account with a short code, which the user's old device shows. */

import { concatBytes, fromBase64Url, KEY_BYTES, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { Fault, ignoreFault, msg } from "../base/fault.ts";
import { LINK_CODE_MS } from "../base/limits.ts";
import { isName, type Name } from "../base/names.ts";
import type { DeviceKind } from "../crypto/cert-payload.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Fingerprint } from "../wire/fingerprint.ts";
import type { NoticeOf } from "../wire/messages.ts";
import { CODE_WORDS_COUNT, makeShortCode, parseShortCode } from "../wire/short-code.ts";
import type { SendRequest } from "./link/queries.ts";
import { OfferedCode, redeemCode } from "./short-code.ts";

/** Names the server, so that it cannot link the device to an account of another server. */
function channelOf(fingerprint: Fingerprint): Uint8Array {
  return concatBytes(utf8Encode("chat/1 code link"), fromBase64Url(fingerprint));
}

export interface NewDevice {
  readonly deviceKey: Uint8Array;
  /** Some encrypted rooms do not admit pages. */
  readonly kind: DeviceKind;
}

export interface LinkParties {
  readonly fingerprint: Fingerprint;
  readonly random: Entropy;
  readonly sendRequest: SendRequest;
}

export interface LinkGranter extends LinkParties {
  readonly clock: Pick<Clock, "after" | "unixMs">;
  readonly user: Name;
  /** The device that offers the code. */
  readonly own: NewDevice;
  /** @throws {Fault} not-allowed if this device has no account key */
  readonly accountSeed: () => Uint8Array | Promise<Uint8Array>;
  readonly onCrowded?: (() => void) | undefined;
  /** Returns the new device's certificate, signed by the account key. */
  readonly certify: (device: NewDevice) => Uint8Array | Promise<Uint8Array>;
}

export interface OfferedLink {
  readonly code: string;
  readonly answer: (notice: NoticeOf<"code-asked">) => void;
  /** Key of the new device. Rejects with code-wrong after a wrong guess, or with timeout. */
  readonly linked: Promise<Uint8Array>;
  end(): void;
}

/**
 * Offers a code for one device, which works for ten minutes.
 * @throws {Fault} not-allowed if this device has no account key, or not the account's
 */
export async function offerLink(granter: LinkGranter): Promise<OfferedLink> {
  const { user, fingerprint, random, clock, sendRequest, accountSeed, onCrowded } = granter;
  (await accountSeed()).fill(0);
  const add = async (device: NewDevice) => {
    const deviceCert = await granter.certify(device);
    await sendRequest("device-add", { deviceKey: device.deviceKey, deviceCert });
  };
  // The key may be one that this device has made for itself, which the server refuses.
  await add(granter.own);
  const { number } = await sendRequest("code-offer", {});
  const code = makeShortCode(number, random(CODE_WORDS_COUNT));
  const linked = Promise.withResolvers<Uint8Array>();
  let granted: Uint8Array | undefined;
  const offered = new OfferedCode({
    code,
    channel: channelOf(fingerprint),
    random,
    grant: async (request) => {
      if (granted !== undefined)
        throw new Fault("not-allowed", msg`the code has been used`, {
          remedy: msg`start again with a new code`,
        });
      const device = parseDevice(request);
      granted = device.deviceKey;
      await add(device);
      const seed = await accountSeed();
      const answer = concatBytes(seed, utf8Encode(user));
      seed.fill(0);
      return answer;
    },
    onGranted: () => {
      if (granted !== undefined) linked.resolve(granted);
    },
    onCrowded,
    onEnded: linked.reject,
  });
  const cancel = clock.after(LINK_CODE_MS, () => {
    const remedy = "start linking again";
    end();
    linked.reject(new Fault("timeout", "no device connected in time", { remedy }));
  });
  const end = () => {
    cancel();
    offered.end();
    sendRequest("code-withdraw", {}).catch(ignoreFault); // The offer ends with the connection, too.
  };
  linked.promise.then(end, end);
  return { code: code.text, answer: offered.serve(sendRequest), linked: linked.promise, end };
}

function parseDevice(request: Uint8Array): NewDevice {
  const kind = new TextDecoder().decode(request.subarray(KEY_BYTES));
  if (kind === "cli" || kind === "web") return { deviceKey: request.slice(0, KEY_BYTES), kind };
  throw new Fault("frame-malformed", "the new device sent an invalid request");
}

export interface LinkedAccount {
  readonly user: Name;
  readonly seed: Uint8Array;
}

/**
 * Requests the account key from the device that shows the code.
 * @throws {Fault} usage, code-unknown, code-wrong, checksum-wrong
 */
export async function requestLink(
  { fingerprint, random, sendRequest }: LinkParties,
  typedCode: string,
  { deviceKey, kind }: NewDevice,
): Promise<LinkedAccount> {
  const parameters = { code: parseShortCode(typedCode), channel: channelOf(fingerprint), random };
  const request = concatBytes(deviceKey, utf8Encode(kind));
  const answer = await redeemCode(sendRequest, parameters, request);
  const [seed, user] = [answer.slice(0, KEY_BYTES), utf8Decode(answer.subarray(KEY_BYTES))];
  answer.fill(0);
  if (seed.length === KEY_BYTES && isName(user)) return { user, seed };
  throw new Fault("checksum-wrong", "the other device sent an invalid account key");
}
