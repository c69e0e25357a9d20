import { ID_BYTES, outboxId } from "../../src/base/ids.ts";
import { openStopped } from "./stopped-folder.ts";

const AT_ONCE = 1_000;

export async function writeTexts(
  data: string,
  by: string,
  count: number,
  text: (n: number) => string,
): Promise<void> {
  const folder = await openStopped(data);
  const outbox = outboxId(crypto.getRandomValues(new Uint8Array(ID_BYTES)));
  const common = { kind: "text", room: folder.lobby.id, by: folder.idOf(by) } as const;
  for (let from = 0; from < count; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => from + i);
    await Promise.all(
      numbers.map((n) =>
        folder.history.append({ ...common, id: `${outbox}.${n + 1}`, body: { text: text(n) } }),
      ),
    );
  }
  await folder.close();
}
