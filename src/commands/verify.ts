/** `chat verify`, which verifies logs and proofs. */

import { toBase64Url } from "../base/bytes.ts";
import { Fault, unlessFault } from "../base/fault.ts";
import { VERIFIED_RECORDS_MAX } from "../base/limits.ts";
import { proquintsOf } from "../base/proquint.ts";
import { counted } from "../base/sizes.ts";
import { cleanText } from "../base/text.ts";
import { formatLocalDay, formatUtc } from "../base/time.ts";
import { defineVerb, flag, stringFlag } from "../cli/command.ts";
import {
  type ClientFlags,
  type OpenClient,
  reportEvidence,
  untilConnected,
  withClient,
} from "../cli/connect/client.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { OutputFile } from "../cli/export/output-file.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import { openHome } from "../cli/home.ts";
import { renderJson } from "../cli/output/render.ts";
import { printData, printResult } from "../cli/output/result.ts";
import { createFolderProof, verifyForHome } from "../cli/verify/folder.ts";
import { checkProof, proveAtServer, verifyRooms } from "../cli/verify/proof.ts";
import {
  type Contradiction,
  compareKept,
  keptIn,
  keptInRoom,
  postKept,
} from "../cli/verify/witness.ts";
import type { AuditOutcome } from "../client/auditor.ts";
import type { Client } from "../client/client.ts";
import { formatProof, type ProofFile, parseProof } from "../core/log/proof-file.ts";
import { sha256 } from "../crypto/sha256.ts";
import { readNamedFile } from "../io/disk/data-folder.ts";
import { statOf } from "../io/disk/stat.ts";
import type { Flaw } from "../io/log/walk.ts";
import { fingerprintWith, formatFingerprint } from "../wire/fingerprint.ts";
import type { LogName } from "../wire/kinds.ts";

/** 192 bits, so searching for a different log with the same words is infeasible. */
const WORD_COUNT = 12;
const PROOF_BYTES_MAX = 4 << 20;
const INTEGRITY_EXIT = 6;

const ROOM_FLAG = stringFlag("ROOM", "Room of checkpoints on SERVER2 (Default: witness)");

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    data: stringFlag("DIR", "Data folder of a server, or a backup"),
    seq: stringFlag("N", "Write a proof of this record", {
      integer: { min: 1, max: Number.MAX_SAFE_INTEGER },
    }),
    out: stringFlag("FILE", "Output file for the proof (Default: stdout)"),
    proof: stringFlag("FILE", "Check a proof offline"),
    witness: stringFlag("SERVER2|FILE", "Also compare with checkpoints that others keep"),
    room: ROOM_FLAG,
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
    context.continueWithoutOutput(); // The exit code is the verdict.
    const { data, seq, out, proof, witness } = args;
    const words = args.words || args.fingerprint === "";
    const fingerprint = args.fingerprint === "" ? undefined : args.fingerprint;
    if (args.all && (data ?? proof) !== undefined) {
      throw usageFault(
        "--all and --data cannot be combined",
        "remove --all; a folder is always checked completely",
      );
    }
    const atServer = args.at ?? args.server ?? witness;
    const sources = [data, proof, atServer].filter((source) => source !== undefined);
    const lacksOption =
      (out !== undefined && seq === undefined) ||
      (args.room !== undefined && witness === undefined);
    if (sources.length > 1 || lacksOption) {
      const remedy =
        "specify a server, --data DIR or --proof FILE; " +
        "--out requires --seq, and --room requires --witness";
      throw new Fault("usage", "these options cannot be combined", { remedy });
    }
    if (proof !== undefined) return checkProofFile(context, proof, fingerprint);
    if (data !== undefined) return verifyFolder(context, data, { seq, out, words });
    const kept = witness === undefined ? undefined : await readKept(context, witness, args.room);
    return withAudit(context, { ...args, fingerprint }, async (open, outcome) => {
      const { client } = open;
      if (outcome.kind === "alarm") return printAlarms(context, "verify", [outcome]);
      const { pin, accounts, proved, open: openCount } = outcome;
      const { compared, contradictions } =
        kept === undefined ? NOT_COMPARED : await compareKept(client, kept);
      if (contradictions.length > 0) return printAlarms(context, "verify", contradictions);
      if (seq !== undefined) return writeProof(context, await proveAtServer(client, pin, seq), out);
      const { findings, records, rooms, isBounded } = await verifyRooms(client, args.all);
      if (findings.length > 0) return printFindings(context, findings);
      const leftVerb = openCount === 1 ? "is" : "are";
      const leftText =
        openCount === 0 ? "" : ` (${openCount} more ${leftVerb} in rooms that you left)`;
      const newest = isBounded
        ? `the newest ${VERIFIED_RECORDS_MAX} records of each`
        : "all records";
      const total = `${newest} of ${counted(rooms, "room")} (${counted(records, "record")})`;
      const read = `${counted(proved, "record")} that this device has read`;
      const verb = proved === 1 ? "is" : "are";
      const agreed = compared === 0 ? "" : `; agrees with ${counted(compared, "kept checkpoint")}`;
      const summary = `${read} ${verb} in the history${leftText}; checked ${total}${agreed}`;
      const about = `from ${addressOf(open)}; ${summary}`;
      const log = { ...pin, checkpoint: pin.note, accounts, compared: compared || undefined };
      return printVerified(context, log, about, words);
    });
  },
});

export const witness = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    out: stringFlag("FILE", "Also write the kept checkpoints to this file"),
    to: stringFlag("SERVER2", "Also post the newest checkpoint to a room of this server"),
    room: ROOM_FLAG,
    ...SERVER_FLAGS,
  },
  details:
    "Keeps the newest checkpoint of each of the last 100 days on which it ran. Exits with code 6 " +
    "if the server's logs contradict them.",
  async run({ out, to, room, ...args }, context) {
    if (room !== undefined && to === undefined) {
      throw usageFault("--room requires --to", "specify the server of the room: --to SERVER2");
    }
    context.continueWithoutOutput();
    let posted: Parameters<typeof postKept>[2] | undefined;
    const exitCode = await withAudit(context, args, async (open, outcome) => {
      if (outcome.kind === "alarm") return printAlarms(context, "witness", [outcome]);
      const { state, client } = open;
      const { note, size, root, origin } = outcome.pin;
      const { fingerprint } = client.auditedLink.reader;
      const day = formatLocalDay(context.clock.unixMs(), () => 0);
      state.logPins.storeWitnessed(fingerprint, day, note);
      const kept = state.logPins.witnessed(fingerprint);
      if (out !== undefined) {
        const contradictions = await writeKept(client, out, kept);
        if (contradictions.length > 0) return printAlarms(context, "witness", contradictions);
      }
      const server = addressOf(open);
      posted = { server, note };
      const accounts = outcome.accounts && {
        size: outcome.accounts.size,
        root: toBase64Url(outcome.accounts.root),
      };
      const log = { size, root: toBase64Url(root), origin, checkpoint: note, accounts };
      const [{ day: since } = { day }] = kept;
      const line = { kind: "witness", ok: true, server, ...log, kept: kept.length, since };
      const text =
        `ok: ${counted(size, "record")} of ${origin} and ${accounts?.size ?? 0} of its accounts; ` +
        `${server} agrees with ${counted(kept.length, "checkpoint")} kept since ${since}`;
      return printData(context, line, `${text}\n`);
    });
    if (posted !== undefined && to !== undefined) {
      await postKept(context, { server: to, room }, posted);
    }
    return exitCode;
  },
});

type Audited = Exclude<AuditOutcome, { kind: "none" }>;

const NOT_COMPARED: Awaited<ReturnType<typeof compareKept>> = { compared: 0, contradictions: [] };

function readKept(context: Context, source: string, room: string | undefined) {
  const isPath = /^[./~]|\\/.test(source) || isFile(source);
  return isPath ? keptInFile(source) : keptInRoom(context, { server: source, room });
}

function keptInFile(path: string) {
  const kept = keptIn(readProof(path));
  if (kept.length > 0) return kept;
  throw new Fault("not-found", `${path} contains no whole checkpoint`, {
    remedy: "use a file written by chat witness --out, copied as a whole",
  });
}

function withAudit(
  context: Context,
  flags: ClientFlags & { readonly at?: string | undefined },
  work: (open: OpenClient, outcome: Audited) => Promise<number> | number,
): Promise<number> {
  const options = { argument: flags.at, mode: "login", audits: false } as const;
  return withClient(context, flags, options, async (open) => {
    await untilConnected(open.client.read());
    const outcome = await open.client.audit();
    if (outcome.kind !== "none") return work(open, outcome);
    throw new Fault("log-unproved", "the server is too old to prove its history", {
      remedy: "ask its owner to update it",
    });
  });
}

function addressOf({ client, state }: OpenClient): string {
  const { fingerprint } = client.auditedLink.reader;
  return state.pins().find((pin) => pin.fingerprint === fingerprint)?.address ?? "the server";
}

function printAlarms(
  context: Context,
  kind: FindingKind,
  outcomes: readonly Contradiction[],
): number {
  const findings = outcomes.flatMap(({ alarm: { fault, evidence }, missing }): FindingLine[] => {
    const { log, known, shown } = evidence;
    reportEvidence(context, evidence);
    const finding = { log, reason: fault.message, known, shown };
    return missing.length > 0
      ? missing.map(({ seq }) => ({ seq, ...finding }))
      : [{ seq: 1, ...finding }];
  });
  return printFindings(context, findings, kind);
}

interface VerifiedLog {
  readonly size: number;
  readonly root: Uint8Array | undefined;
  readonly origin: string | undefined;
  readonly checkpoint: string | undefined;
  readonly accounts: { readonly size: number; readonly root: Uint8Array | undefined } | undefined;
  readonly compared?: number | undefined;
}

type FindingKind = "verify" | "witness";

type FindingLine = Pick<Flaw, "seq" | "reason"> &
  Partial<Flaw> & {
    readonly log?: LogName;
    /** Checkpoint that the server contradicts. */
    readonly known?: string | undefined;
    readonly shown?: string | undefined;
  };

async function verifyFolder(
  context: Context,
  data: string,
  options: {
    readonly seq: number | undefined;
    readonly out: string | undefined;
    readonly words: boolean;
  },
): Promise<number> {
  using state = openHome(context);
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
  kind: FindingKind = "verify",
): number {
  for (const { log = "history", seq, file, offset, reason, known, shown } of findings) {
    const location = file === undefined ? "" : `${file}, byte ${offset}: `;
    const object = { kind, ok: false, log, seq, file, offset, reason, known, shown };
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
  { size, root: rootBytes, origin, checkpoint, accounts: accountsLog, compared }: VerifiedLog,
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
    stdout.write(renderJson({ kind: "verify", ok: true, ...log, words, compared }));
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
  writeFile(out, text);
  return printResult(
    context,
    { kind: "proof", seq, file: out },
    `wrote the proof of record ${seq} to ${out}`,
  );
}

/**
 * Replaces a file of checkpoints, for example that of yesterday, if the server agrees with them.
 * @throws {Fault} usage if the existing file contains anything else
 */
async function writeKept(
  client: Client,
  path: string,
  kept: readonly { readonly note: string }[],
): Promise<readonly Contradiction[]> {
  const isReplacing = isFile(path);
  if (isReplacing) {
    const text = unlessFault(() => readProof(path).trim());
    const earlier = keptIn(text ?? "");
    if (text === undefined || keptText(earlier).trim() !== text) {
      throw usageFault(`${path} exists and is not a file of checkpoints`, "choose another path");
    }
    // A write that was interrupted may have left an empty file.
    const compared = earlier.length === 0 ? undefined : await compareKept(client, earlier);
    if (compared !== undefined && compared.contradictions.length > 0)
      return compared.contradictions;
  }
  writeFile(path, keptText(kept), isReplacing);
  return [];
}

function keptText(kept: readonly { readonly note: string }[]): string {
  return kept.map(({ note }) => note).join("\n");
}

function writeFile(path: string, text: string, isReplacing = false): void {
  const file = new OutputFile(path, { existing: isReplacing ? "replace" : "refuse" });
  file.write(text);
  file.finish();
}

/** The proof's key must be known to this device or match `--fingerprint`. */
function checkProofFile(
  context: Context,
  file: string,
  fingerprintFlag: string | undefined,
): number {
  const proof = checkProof(parseProof(readProof(file)));
  const { fingerprint, seq, timeUnixMs, kind, checkpoint, body } = proof;
  using state = openHome(context);
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
  const text = isFile(file) ? readNamedFile(file, PROOF_BYTES_MAX) : undefined;
  // Mail programs and editors of Windows change the ends of lines.
  if (text !== undefined) return text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const remedy = "specify a file written by chat verify --seq or chat witness --out";
  throw new Fault("not-found", `no such proof file: ${file}`, { remedy });
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile() === true;
}
