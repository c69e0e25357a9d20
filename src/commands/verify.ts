/** `chat verify`, which verifies logs and proofs. */

import { statSync } from "node:fs";
import { toBase64Url } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { VERIFIED_RECORDS_MAX } from "../base/limits.ts";
import { proquintsOf } from "../base/proquint.ts";
import { counted } from "../base/sizes.ts";
import { cleanText } from "../base/text.ts";
import { formatUtc } from "../base/time.ts";
import { defineVerb, flag, stringFlag } from "../cli/command.ts";
import { accountChangedJson, untilConnected, withClient } from "../cli/connect/client.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { OutputFile } from "../cli/export/output-file.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import { renderJson } from "../cli/output/render.ts";
import { printData, printResult } from "../cli/output/result.ts";
import { createFolderProof, verifyForHome } from "../cli/verify/folder.ts";
import { checkProof, proveAtServer, verifyRooms } from "../cli/verify/proof.ts";
import { formatProof, type ProofFile, parseProof } from "../core/log/proof-file.ts";
import { sha256 } from "../crypto/sha256.ts";
import { readNamedFile } from "../io/disk/data-folder.ts";
import type { Flaw } from "../io/log/walk.ts";
import { ClientState } from "../io/state/client-state.ts";
import { fingerprintWith, formatFingerprint } from "../wire/fingerprint.ts";
import type { LogName } from "../wire/kinds.ts";

/** 192 bits, so searching for a different log with the same words is infeasible. */
const WORD_COUNT = 12;
const PROOF_BYTES_MAX = 4 << 20;
const INTEGRITY_EXIT = 6;

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "Data folder of a server, or a backup"),
    seq: stringFlag("N", "Write a proof of this record", {
      integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
    }),
    out: stringFlag("FILE", "Output file for the proof (Default: stdout)"),
    proof: stringFlag("FILE", "Check a proof offline"),
    all: flag("Check the whole history of each room on the server"),
    words: flag("Print both logs' hashes as words, to compare aloud with another user"),
    ...SERVER_FLAGS,
    fingerprint: {
      ...SERVER_FLAGS.fingerprint,
      bareValue: "",
      description:
        "Expected fingerprint of the server; without a value (last flag only), same as --words",
    },
  },
  details:
    "Exits with code 6 if the history differs from what the server signed or from what this " +
    "device has seen.",
  async run(args, context) {
    const { data, seq, out, proof } = args;
    const words = args.words || args.fingerprint === "";
    const fingerprint = args.fingerprint === "" ? undefined : args.fingerprint;
    if (args.all && (data ?? proof) !== undefined) {
      throw usageFault(
        "--all and --data cannot be combined",
        "remove --all; a folder is always checked completely",
      );
    }
    const sources = [data, proof, args.at ?? args.server].filter((source) => source !== undefined);
    if (sources.length > 1 || (out !== undefined && seq === undefined)) {
      throw new Fault("usage", "these options cannot be combined", {
        remedy: "specify a server, --data DIR or --proof FILE; --out requires --seq",
      });
    }
    if (proof !== undefined) return checkProofFile(context, proof, fingerprint);
    if (data !== undefined) return verifyFolder(context, data, { seq, out, words });
    const options = { argument: args.at, mode: "login", audits: false } as const;
    return withClient(context, { ...args, fingerprint }, options, async ({ client, state }) => {
      client.subscribe((event) => {
        if (event.kind !== "account-changed" || !context.json) return;
        context.stdout.write(renderJson(accountChangedJson(event)));
      });
      await untilConnected(client.read());
      const outcome = await client.audit();
      if (outcome.kind === "none") {
        throw new Fault("log-unproved", "the server is too old to prove its history", {
          remedy: "ask its owner to update it",
        });
      }
      if (outcome.kind === "alarm") {
        const { fault, evidence } = outcome.alarm;
        const finding = { log: evidence.log, reason: fault.message };
        const findings = outcome.missing.map(({ seq }) => ({ seq, ...finding }));
        return printFindings(context, findings.length > 0 ? findings : [{ seq: 1, ...finding }]);
      }
      const { pin, accounts, proved, open } = outcome;
      if (seq !== undefined) return writeProof(context, await proveAtServer(client, pin, seq), out);
      const { findings, records, rooms, isBounded } = await verifyRooms(client, args.all);
      if (findings.length > 0) return printFindings(context, findings);
      const { fingerprint } = client.auditedLink.reader;
      const serverAddress = state.pins().find((pin) => pin.fingerprint === fingerprint)?.address;
      const leftVerb = open === 1 ? "is" : "are";
      const leftText = open === 0 ? "" : ` (${open} more ${leftVerb} in rooms that you left)`;
      const newest = isBounded
        ? `the newest ${VERIFIED_RECORDS_MAX} records of each`
        : "all records";
      const total = `${newest} of ${counted(rooms, "room")} (${counted(records, "record")})`;
      const read = `${counted(proved, "record")} that this device has read`;
      const verb = proved === 1 ? "is" : "are";
      const summary = `${read} ${verb} in the history${leftText}; checked ${total}`;
      const about = `from ${serverAddress ?? "the server"}; ${summary}`;
      return printVerified(context, { ...pin, checkpoint: pin.note, accounts }, about, words);
    });
  },
});

interface VerifiedLog {
  readonly size: number;
  readonly root: Uint8Array | undefined;
  readonly origin: string | undefined;
  readonly checkpoint: string | undefined;
  readonly accounts: { readonly size: number; readonly root: Uint8Array | undefined } | undefined;
}

type FindingLine = Pick<Flaw, "seq" | "reason"> & Partial<Flaw> & { readonly log?: LogName };

async function verifyFolder(
  context: Context,
  data: string,
  options: {
    readonly seq: number | undefined;
    readonly out: string | undefined;
    readonly words: boolean;
  },
): Promise<number> {
  using state = ClientState.open(context.settings().folders.data);
  const { verdict, findings } = await verifyForHome(data, state.logPins);
  const { history, accounts, key } = verdict;
  const fingerprint = fingerprintWith(key, sha256);
  const count = history.findingCount + accounts.findingCount;
  if (findings.length > 0) {
    printFindings(context, findings);
    if (count > findings.length)
      printNotice(context, `${count} problems; only the first are listed`);
    return INTEGRITY_EXIT;
  }
  if (options.seq !== undefined) {
    return writeProof(context, await createFolderProof(data, verdict, options.seq), options.out);
  }
  const about = `signed by ${formatFingerprint(fingerprint)}`;
  return printVerified(context, { ...history, accounts }, about, options.words);
}

function printFindings(
  { stdout, stderr, json }: Context,
  findings: readonly FindingLine[],
): number {
  for (const { log = "history", seq, file, offset, reason } of findings) {
    const location = file === undefined ? "" : `${file}, byte ${offset}: `;
    const object = { kind: "verify", ok: false, log, seq, file, offset, reason };
    stdout.write(
      json ? renderJson(object) : `altered: ${cleanText(`${location}record ${seq}: ${reason}`)}\n`,
    );
  }
  const [first] = findings;
  if (first !== undefined) {
    const { log = "history", seq, file, reason } = first;
    const count = findings.length === 1 ? "" : ` (first of ${findings.length} problems)`;
    const inLog = log === "accounts" ? " of the accounts" : "";
    const location = file === undefined ? inLog : ` in ${file}`;
    printNotice({ stderr }, `verification failed at record ${seq}${location}: ${reason}${count}`);
  }
  return INTEGRITY_EXIT;
}

function printVerified(
  context: Context,
  { size, root: rootBytes, origin, checkpoint, accounts: accountsLog }: VerifiedLog,
  about: string,
  printsWords: boolean,
): number {
  const { stdout, json } = context;
  const root = rootBytes && toBase64Url(rootBytes);
  const words = printsWords ? verificationWords(rootBytes) : undefined;
  const accountWords = printsWords ? verificationWords(accountsLog?.root) : undefined;
  if (json) {
    const accounts = accountsLog && {
      size: accountsLog.size,
      root: accountsLog.root && toBase64Url(accountsLog.root),
      words: accountWords,
    };
    const log = { size, root, origin, checkpoint, accounts };
    stdout.write(renderJson({ kind: "verify", ok: true, ...log, words }));
    return 0;
  }
  const accounts = accountsLog === undefined ? "" : ` and ${accountsLog.size} of its accounts`;
  const log = `${counted(size, "record")} of ${origin ?? "no history yet"}${accounts}`;
  stdout.write(`ok: ${log}; ${cleanText(about)}\n`);
  if (words === undefined) return 0;
  for (const list of [words, accountWords ?? []]) {
    if (list.length > 0)
      stdout.write(`${list.slice(0, 6).join(" ")}\n${list.slice(6).join(" ")}\n`);
  }
  printNotice(
    context,
    "compare these words with another user's: the first two lines must be equal if the number of " +
      "records is equal, and the last two if that of the accounts is equal",
  );
  return 0;
}

function verificationWords(root: Uint8Array | undefined): string[] {
  return root === undefined ? [] : proquintsOf(root.subarray(0, 2 * WORD_COUNT));
}

function writeProof(context: Context, proof: ProofFile, out: string | undefined): number {
  checkProof(proof);
  const text = formatProof(proof);
  const { seq } = proof;
  if (out === undefined) return printData(context, { kind: "proof", seq, text }, text);
  const file = new OutputFile(out);
  file.write(text);
  file.finish();
  return printResult(
    context,
    { kind: "proof", seq, file: out },
    `wrote the proof of record ${seq} to ${out}`,
  );
}

/** The proof's key must be known to this device or match `--fingerprint`. */
function checkProofFile(
  context: Context,
  file: string,
  fingerprintFlag: string | undefined,
): number {
  const proof = checkProof(parseProof(readProof(file)));
  const { fingerprint, seq, timeUnixMs, kind, checkpoint, body } = proof;
  using state = ClientState.open(context.settings().folders.data);
  const server = state.addressOf(fingerprint);
  const expected = fingerprintFlag?.replace(/^SHA256:/, "");
  if (expected !== undefined ? expected !== fingerprint : server === undefined) {
    const message = `the proof is signed by ${formatFingerprint(fingerprint)}`;
    throw new Fault("fingerprint-changed", `${message}, which this device does not know`, {
      remedy: "ask the server's owner for the fingerprint, then add --fingerprint FP",
    });
  }
  const { size, origin, root } = checkpoint;
  const time = formatUtc(timeUnixMs);
  const log = { size, root: toBase64Url(root), origin, fingerprint };
  const line = { kind: "verify", ok: true, ...log, seq, time, record: kind, body };
  const bodyText = body === undefined ? "" : `: ${cleanText(JSON.stringify(body))}`;
  const signer = server ?? formatFingerprint(fingerprint);
  const text = `ok: record ${seq} (${kind}, ${time}) is among the ${size} of ${origin}`;
  return printData(context, line, `${text} that ${signer} has signed${bodyText}\n`);
}

function readProof(file: string): string {
  // Accept only regular files, because reading a pipe or a device may never end.
  const isFile = statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  const text = isFile ? readNamedFile(file, PROOF_BYTES_MAX) : undefined;
  if (text !== undefined) return text;
  const remedy = "specify a file written by chat verify --seq";
  throw new Fault("not-found", `no such proof file: ${file}`, { remedy });
}
