import { join } from "node:path";
import type { UserId } from "../../src/base/ids.ts";
import { checkName } from "../../src/base/names.ts";
import { Registry } from "../../src/core/rooms/accounts.ts";
import { LOBBY, type Room, Rooms } from "../../src/core/rooms/rooms.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { systemClock } from "../../src/io/clock.ts";
import { systemDisk } from "../../src/io/disk/system-disk.ts";
import { systemEntropy } from "../../src/io/entropy.ts";
import { type LogFile, openLog } from "../../src/io/log/log-file.ts";

export interface StoppedFolder {
  readonly history: LogFile;
  readonly accounts: LogFile;
  readonly lobby: Room;
  idOf(name: string): UserId;
  close(): Promise<void>;
}

export async function openStopped(data: string): Promise<StoppedFolder> {
  const common = { disk: systemDisk(), clock: systemClock(), entropy: systemEntropy(), sha256 };
  const registry = new Registry();
  const accounts = await openLog({
    ...common,
    folder: join(data, "accounts"),
    onRecord: (record) => registry.apply(record),
  });
  const rooms = new Rooms();
  const history = await openLog({
    ...common,
    folder: join(data, "history"),
    onRecord: (record) => rooms.apply(record),
  });
  const lobby = rooms.find(LOBBY);
  if (lobby === undefined) throw new Error(`there is no lobby in ${data}`);
  return {
    history,
    accounts,
    lobby,
    idOf: (name) => {
      const account = registry.find(checkName(name));
      if (account === undefined) throw new Error(`there is no ${name} in ${data}`);
      return account.id;
    },
    close: async () => {
      await history.close();
      await accounts.close();
    },
  };
}
