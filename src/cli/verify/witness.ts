/** Comparison of a server's logs with checkpoints that others keep. */

import { Fault } from "../../base/fault.ts";
import { PAGE_RECORDS_MAX } from "../../base/limits.ts";
import { parseRoom } from "../../base/names.ts";
import type { AuditOutcome } from "../../client/auditor.ts";
import type { Client } from "../../client/client.ts";
import { hasSigned, type SignedLogs, verifyNote } from "../../crypto/checkpoint.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { notesIn } from "../../wire/checkpoint.ts";
import { joinRoom } from "../chat/slash-host.ts";
import { untilConnected, withClient } from "../connect/client.ts";
import type { Context } from "../context.ts";

/** Each takes a request. A witness keeps one for each day. */
const COMPARED_MAX = 100;

interface KeptCheckpoint {
  /** `undefined` if a file contains the checkpoint. */
  readonly author: string | undefined;
  readonly note: string;
}

/** Room of another server, in which witnesses post checkpoints. */
export interface WitnessRoom {
  readonly server: string;
  readonly room: string | undefined;
}

export function keptIn(file: string): KeptCheckpoint[] {
  return notesIn(file).map((note) => ({ author: undefined, note }));
}

/** @throws {Fault} the faults of a log-in and of a join */
export async function keptInRoom(context: Context, place: WitnessRoom): Promise<KeptCheckpoint[]> {
  const kept: KeptCheckpoint[] = [];
  await atRoom(context, place, async (_, posted) => {
    kept.push(...posted);
  });
  return kept;
}

/** Posts the checkpoint unless this user has already posted it there. */
export async function postKept(
  context: Context,
  place: WitnessRoom,
  { server, note }: { readonly server: string; readonly note: string },
): Promise<void> {
  await atRoom(context, place, async (client, posted, room) => {
    if (posted.some(({ author, note: other }) => author === client.user && other === note)) return;
    const text = `checkpoint of ${server}\n\`\`\`\n${note}\`\`\``;
    await client.post(room, { text, notice: true });
  });
}

/** @param work receives the checkpoints in the newest messages, oldest first */
function atRoom(
  context: Context,
  { server, room: roomText = "witness" }: WitnessRoom,
  work: (client: Client, posted: readonly KeptCheckpoint[], room: string) => Promise<void>,
): Promise<number> {
  const options = { mode: "login", waitsForPosts: true } as const;
  return withClient(context, { server }, options, async ({ client, roomSecret }) => {
    await untilConnected(client.read());
    const room = parseRoom(roomText);
    await joinRoom(client, { room, roomSecret });
    const query = { target: room, kinds: ["text"], limit: PAGE_RECORDS_MAX };
    const { records } = await client.history(query);
    const posted = records.flatMap(({ from, body }) =>
      notesIn(String(body?.["text"])).map((note) => ({ author: from, note })),
    );
    await work(client, posted, room);
    return 0;
  });
}

export type Contradiction = Extract<AuditOutcome, { kind: "alarm" }>;

/**
 * Compares both logs of the server with the kept checkpoints that it has signed. An author's newest
 * one implies the earlier ones, because its own device has compared them.
 * @throws {Fault} not-found if there is no checkpoint of this server
 */
export async function compareKept(
  client: Client,
  all: readonly KeptCheckpoint[],
): Promise<{ readonly compared: number; readonly contradictions: readonly Contradiction[] }> {
  const { keys, reader } = client.auditedLink;
  const signed = new Map<string, KeptCheckpoint & { readonly logs: SignedLogs }>();
  for (const { author, note } of all) {
    const key = keys.find((key) => hasSigned(note, key));
    if (key === undefined) continue;
    const owner = author ?? note;
    signed.delete(owner); // The newest one is the last.
    signed.set(owner, { author, note, logs: verifyNote(note, key) });
  }
  if (signed.size === 0) {
    const isFile = all.some(({ author }) => author === undefined);
    const source = isFile ? "the file" : "the witness";
    throw new Fault("not-found", `${source} has no checkpoint that this server has signed`, {
      remedy: isFile
        ? "use a whole file that chat witness --out has written for this server"
        : "the witness must run chat witness for this server first",
    });
  }
  const compared = [...signed.values()].slice(-COMPARED_MAX);
  const contradictions: Contradiction[] = [];
  using witness = ClientState.inMemory();
  const { logPins: logs } = witness;
  for (const {
    author = "the witness",
    note,
    logs: { accounts, ...history },
  } of compared) {
    logs.forget(reader.fingerprint);
    logs.storePin(reader, { ...history, note });
    if (accounts !== undefined) logs.storePin(reader, { ...accounts, note }, "accounts");
    const outcome = await client.audit({ witness: author, logs });
    if (outcome.kind === "alarm") contradictions.push(outcome);
  }
  return { compared: compared.length, contradictions };
}
