/** Base class for tables of the client's database. */

import type { StateDatabase } from "./schema.ts";

export abstract class HomeTable {
  protected readonly database: StateDatabase;

  constructor(database: StateDatabase) {
    this.database = database;
  }
}
