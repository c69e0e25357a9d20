import { ID_BYTES, outboxId, type RoomId, userId } from "../../src/base/ids.ts";
import { ndjson, type Sandbox } from "./program.ts";
import { openStopped } from "./stopped-folder.ts";

const ROOMS = Array.from({ length: 11 }, (_, i) => `room-${i + 1}`);
export const TEXTS = 5_000;
const JOINS = 1_000;
const AT_ONCE = 1_000;

const bytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
const key = () => Buffer.from(bytes(32)).toString("base64url");

/** Writes what many people did in a week: texts in all rooms, and joins in the first. */
async function writeWeek(data: string, ids: readonly RoomId[]): Promise<void> {
  const folder = await openStopped(data);
  const { accounts, history } = folder;
  const people = Array.from({ length: JOINS }, () => userId(bytes(ID_BYTES)));
  await Promise.all(
    people.map((user, i) => {
      const body = { name: `pupil-${i}`, accountKey: key(), device: key(), cert: key() };
      return accounts.append({ kind: "account", room: user, by: user, id: "", body });
    }),
  );
  const [first = folder.lobby.id] = ids;
  const join = { kind: "join", room: first, id: "", body: {} } as const;
  const by = folder.idOf("carl");
  const outbox = outboxId(bytes(ID_BYTES));
  for (let from = 0; from < TEXTS; from += AT_ONCE) {
    const joined = people.slice((from * JOINS) / TEXTS, ((from + AT_ONCE) * JOINS) / TEXTS);
    const numbers = Array.from({ length: AT_ONCE }, (_, i) => from + i);
    await Promise.all([
      ...numbers.map((n) => {
        const room = ids[n % ids.length] ?? first;
        const body =
          n === 1
            ? { text: "@ana the first", mentions: ["ana"] }
            : { text: `nothing for her ${n}` };
        return history.append({ kind: "text", room, by, id: `${outbox}.${n + 1}`, body });
      }),
      ...joined.map((user) => history.append({ ...join, by: user })),
    ]);
  }
  await folder.close();
}

/**
 * Plays a week in which ana was away: twelve rooms with 5,000 messages and 1,000 joins, nine calls
 * of her, edits and erasures.
 */
export async function calledWeek(sandbox: Sandbox) {
  const served = await sandbox.serve({ args: ["--irc", "0"] });
  const home = (name: string) =>
    sandbox.home(name).with({ CHAT_USER: name, CHAT_PASSWORD: `password-${name}` });
  const [ana, ben, carl] = [home("ana"), home("ben"), home("carl")];
  for (const person of [ana, ben, carl]) await person.run(["register"]);
  const joins = ROOMS.map((room) => `/join ${room}\n`).join("");
  await ben.run(["join"], { stdin: joins });
  await carl.run(["join"], { stdin: joins });
  await ana.run(["join"], { stdin: `${joins}/keywords harbour\n` });
  const post = async (room: string, text: string) => {
    const ran = await ana.run(["send", "--json", "--to", room, text]);
    return Number(ndjson(ran.out)[0]?.["seq"]);
  };
  const [answered, root] = [await post("room-4", "mine"), await post("room-5", "root")];
  await ana.run(["join"], { stdin: "/join room-8\n/hand\n/read all\n" });
  const { rooms: ids } = await stop();
  await writeWeek(sandbox.path("data"), ids);
  const again = await sandbox.serve({ port: served.port, args: ["--irc", "0"] });
  const script = [
    ...["/join room-1", "a text without her", "/join room-2"],
    ...["@ana was a mistake", "/edit a mistake", "@ana old words", "/edit @ana new words"],
    ...["/join room-3", "@ana gone", "/erase", "gone too", "/erase"],
    ...["/join room-4", `/reply ${answered} an answer`, "nobody", "/edit @ana added later"],
    ...["/join room-5", `/thread ${root} a reply`],
    ...["/join room-6", "the Harbour is open"],
    ...["/join room-7", "@everyone come"],
    ...["/join room-8", "/call ana"],
    ...["/join secret a-long-password", "/invite @ana"],
    ...["/join room-11", "@ana the last"],
  ];
  const ran = await ben.run(["join"], { stdin: `${script.join("\n")}\n` });
  return { again, ana, ben, ran };

  async function stop() {
    await served.program.signal("SIGTERM");
    const folder = await openStopped(sandbox.path("data"));
    const found: RoomId[] = [folder.lobby.id];
    for await (const { head } of folder.history.read(1)) {
      if (head.kind === "room" && head.room !== folder.lobby.id) found.push(head.room as RoomId);
    }
    await folder.close();
    return { rooms: found };
  }
}
