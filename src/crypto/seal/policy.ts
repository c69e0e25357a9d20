/**
 * Policy of a sealed room, stored in the MLS group context. All members sign the policy in each
 * epoch, so the server can neither change nor hide it.
 */

import type { Extension } from "ts-mls/extension.js";
import { assert } from "../../base/assert.ts";
import {
  equalBytes,
  fromBase64Url,
  KEY_BYTES,
  toBase64Url,
  tryBase64Url,
} from "../../base/bytes.ts";
import { GROUP_ADMINS_MAX, GROUP_POLICY_BYTES_MAX } from "../../base/limits-sealed.ts";
import { packValue, unpackValue } from "../../wire/codec.ts";
import { writeCapabilities } from "./mls.ts";

export const POLICY_EXTENSION = 0xf0c4;

const ROOM_CHARS_MAX = 64;

export interface SealPolicy {
  /** Prevents the server from presenting the group as a different room. */
  readonly room: string;
  readonly admins: readonly string[];
  readonly adders: "admins" | "members";
  readonly web: boolean;
  /** Admins' devices hand earlier messages over to new members. Fixed when the room is created. */
  readonly history: boolean;
}

export function policyExtensions(policy: SealPolicy): Extension[] {
  const required = writeCapabilities({
    extensionTypes: [POLICY_EXTENSION],
    proposalTypes: [],
    credentialTypes: ["basic"],
  });
  return [
    { extensionType: "required_capabilities", extensionData: required },
    { extensionType: POLICY_EXTENSION, extensionData: encodePolicy(policy) },
  ];
}

/** @returns `undefined` if the extensions are not exactly those of a sealed room */
export function readPolicy(extensions: readonly Extension[]): SealPolicy | undefined {
  const policyExtension = extensions.find(
    ({ extensionType }) => extensionType === POLICY_EXTENSION,
  );
  const policy =
    policyExtension === undefined ? undefined : decodePolicy(policyExtension.extensionData);
  if (policy === undefined) return undefined;
  const expected = policyExtensions(policy);
  const isExact =
    extensions.length === expected.length &&
    expected.every(({ extensionType, extensionData }, i) => {
      const actual = extensions[i];
      return (
        actual?.extensionType === extensionType && equalBytes(actual.extensionData, extensionData)
      );
    });
  return isExact ? policy : undefined;
}

function encodePolicy(policy: SealPolicy): Uint8Array {
  assert(isPolicy(policy), "a policy has a room and one to GROUP_ADMINS_MAX admins");
  const { room, admins, adders, web, history } = policy;
  return packValue({ sealed: 1, room, admins: admins.map(fromBase64Url), adders, web, history });
}

function decodePolicy(bytes: Uint8Array): SealPolicy | undefined {
  if (bytes.length > GROUP_POLICY_BYTES_MAX) return undefined;
  try {
    const value = unpackValue(bytes) as Readonly<Record<string, unknown>>;
    const { sealed, room, admins, adders, web, history } = value;
    if (sealed !== 1 || !Array.isArray(admins)) return undefined;
    const keys = admins.map((key: unknown) => (key instanceof Uint8Array ? toBase64Url(key) : ""));
    const policy = { room, admins: keys, adders, web, history };
    return isPolicy(policy) && equalBytes(encodePolicy(policy), bytes) ? policy : undefined;
  } catch {
    return undefined;
  }
}

function isPolicy(value: Readonly<Record<keyof SealPolicy, unknown>>): value is SealPolicy {
  const { room, admins, adders, web, history } = value;
  return (
    typeof room === "string" &&
    room.length > 0 &&
    room.length <= ROOM_CHARS_MAX &&
    Array.isArray(admins) &&
    admins.length > 0 &&
    admins.length <= GROUP_ADMINS_MAX &&
    new Set(admins).size === admins.length &&
    admins.every(isAccountKey) &&
    (adders === "admins" || adders === "members") &&
    typeof web === "boolean" &&
    typeof history === "boolean"
  );
}

function isAccountKey(key: unknown): boolean {
  return typeof key === "string" && tryBase64Url(key)?.length === KEY_BYTES;
}
