/** Rooms and users that an account has muted on this device. */

import { Fault, msg } from "../../base/fault.ts";
import { SETTINGS_LISTED_MAX } from "../../base/limits-screen.ts";
import { HomeTable } from "./home-table.ts";

export class MutedTargets extends HomeTable {
  list(fingerprint: string, user: string): readonly string[] {
    const sql = "SELECT target FROM muted WHERE fingerprint = ? AND user = ? ORDER BY target";
    const rows = this.database.all<{ target: string }>(sql, fingerprint, user.toLowerCase());
    return rows.map(({ target }) => target);
  }

  /**
   * @param target `lobby` or `@bob`, case-insensitive
   * @throws {Fault} too-many if the limit is reached, store-… if the disk refuses
   */
  mute(fingerprint: string, user: string, target: string, isMuted: boolean): void {
    const values = [fingerprint, user.toLowerCase(), target.toLowerCase()] as const;
    if (!isMuted) {
      const sql = "DELETE FROM muted WHERE fingerprint = ? AND user = ? AND target = ?";
      this.database.run(sql, ...values);
      return;
    }
    this.database.transact(() => {
      this.database.run("INSERT OR IGNORE INTO muted VALUES (?, ?, ?)", ...values);
      const sql = "SELECT COUNT(*) FROM muted WHERE fingerprint = ? AND user = ?";
      const count = this.database.value<number>(sql, values[0], values[1]) ?? 0;
      if (count <= SETTINGS_LISTED_MAX) return;
      throw new Fault(
        "too-many",
        msg`at most ${SETTINGS_LISTED_MAX} rooms and users can be muted`,
        { remedy: "unmute one first" },
      );
    });
  }
}
