/** Links another device: offers a code and transfers the account key. */

import { concatBytes, equalBytes } from "../../base/bytes.ts";
import { checkName, type Name } from "../../base/names.ts";
import type { SendRequest } from "../../client/link/queries.ts";
import { deviceCertPayload } from "../../crypto/cert-payload.ts";
import { LINK_CODE_BYTES, LINK_NONCE_BYTES } from "../../crypto/link-form.ts";
import { deviceCertBytes } from "../../crypto/signed-bytes.ts";
import { PageFault } from "../../ui/text/fault-text.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import type { NoticeOf } from "../../wire/messages.ts";
import type { Device } from "../browser/device-key.ts";
import { hashLinkCode, linkMac, openAccountSeed, sealAccountSeed } from "../browser/link-crypto.ts";

/**
 * Receives the account key of the device that shows the code.
 * @returns the account's user
 * @throws {Fault} login-refused, or checksum-wrong if the key is forged
 */
export async function joinAccount(
  device: Device,
  code: Uint8Array,
  fingerprint: Fingerprint,
  sendRequest: SendRequest,
): Promise<Name> {
  const { publicKey: deviceKey } = device.device;
  const mac = await linkMac(code, deviceKey, fingerprint, "web");
  const fields = { code: await hashLinkCode(code), deviceKey, mac, page: true } as const;
  const { user, key } = await sendRequest("link", fields);
  const seed = await openAccountSeed({ code, deviceKey, server: fingerprint, user }, key);
  if (seed === undefined) throw new PageFault("checksum-wrong", "linkKeyForged");
  const name = checkName(user);
  await device.setAccountSeed(fingerprint, name, seed);
  seed.fill(0);
  return name;
}

export interface Linking {
  readonly device: Device;
  readonly user: Name;
  readonly fingerprint: Fingerprint;
  readonly sendRequest: SendRequest;
}

/**
 * @returns the link code
 * @throws {Fault} not-allowed, …
 */
export async function offerLink({
  device,
  user,
  fingerprint,
  sendRequest,
}: Linking): Promise<Uint8Array> {
  // Checks first that the account key can be exported.
  (await device.accountSeed(fingerprint, user)).fill(0);
  const code = crypto.getRandomValues(new Uint8Array(LINK_CODE_BYTES));
  await sendRequest("link-offer", { code: await hashLinkCode(code) });
  return code;
}

/**
 * @throws {Fault} not-allowed if the device does not know the code, or the key is not the account's
 */
export async function grantLink(
  { device, user, fingerprint, sendRequest }: Linking,
  code: Uint8Array,
  linkRequest: NoticeOf<"link-asked">,
): Promise<void> {
  const { deviceKey, mac, page } = linkRequest;
  const kind = page === true ? "web" : "cli";
  const hash = await hashLinkCode(code);
  const isCodeValid =
    equalBytes(linkRequest.code, hash) &&
    equalBytes(mac, await linkMac(code, deviceKey, fingerprint, kind));
  if (!isCodeValid) {
    // Only an attacker sends the right hash with a wrong code.
    throw new PageFault("not-allowed", "linkCodeUnknown");
  }
  const account = await device.account(fingerprint, user);
  const certificate = { server: formatFingerprint(fingerprint), user, deviceKey, kind } as const;
  const payload = deviceCertPayload(
    { ...certificate, signedAtUnixMs: Date.now() },
    account.publicKey,
  );
  const signature = await account.sign(deviceCertBytes(payload));
  const seed = await device.accountSeed(fingerprint, user);
  const nonce = crypto.getRandomValues(new Uint8Array(LINK_NONCE_BYTES));
  const key = await sealAccountSeed({ code, deviceKey, server: fingerprint, user }, seed, nonce);
  seed.fill(0);
  const deviceCert = concatBytes(signature, payload);
  await sendRequest("link-grant", { code: linkRequest.code, deviceKey, deviceCert, key });
}
