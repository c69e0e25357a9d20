import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { emptyModel, updateAll } from "../core/model.ts";
import type { ModelEffect, ModelEvent } from "../core/model-event.ts";
import type { Draft, Model } from "../core/model-state.ts";
import type { Connection } from "../io/connection.ts";
import { notLoggedIn } from "../io/loss.ts";
import { formatFingerprint } from "../wire/fingerprint.ts";
import type { NoticeOf, PostBody } from "../wire/messages.ts";
import { Asking } from "./asking.ts";
import { Device } from "./device.ts";
import type { Credentials, Entered } from "./entry.ts";
import { type Fragment, readFragment } from "./fragment.ts";
import type { Greeted } from "./greet.ts";
import { pageHashing } from "./hash.ts";
import { Life } from "./life.ts";
import { Places } from "./places.ts";
import { Stay } from "./stay.ts";
import type { Surroundings } from "./surroundings.ts";

/** What happened once, and is in no model. */
export type Told =
  | Extract<ModelEffect, { kind: "notify" }>
  | { readonly kind: "happened"; readonly event: NoticeOf<"event"> };

/** What is written in a composer is kept this often. */
const DRAFTS_KEPT_EVERY_MS = 500;

/** The page's model, and all that it is told by and makes happen. */
export class ChatCore {
  readonly places: Places;
  readonly life: Life;
  readonly fragment: Fragment;
  readonly #surroundings: Surroundings;
  readonly #device: Device;
  readonly #asking: Asking;
  #model: Model = emptyModel();
  /** Not in the model yet: until the next frame. */
  #events: ModelEvent[] = [];
  #isFlushing = false;
  #isAwaitingFrame = false;
  readonly #listeners = new Set<() => void>();
  readonly #onTold = new Set<(told: Told) => void>();
  #stay: Stay | undefined;
  /** Not kept yet. */
  readonly #drafts = new Map<string, Draft | undefined>();
  #cancelDrafts: (() => void) | undefined;
  #isClosed = false;

  private constructor(surroundings: Surroundings, device: Device, fragment: Fragment) {
    this.#surroundings = surroundings;
    this.#device = device;
    this.fragment = fragment;
    this.places = new Places(surroundings.store);
    this.#asking = new Asking({
      connection: () => this.life.connection,
      tell: (event) => this.tell(event),
    });
    this.life = new Life(surroundings, device, {
      connection: (connection) => this.#told({ kind: "connection", connection }),
      greeted: (greeted, formers) => this.#greeted(greeted, formers),
      isEnrolled: (user) => this.places.isEnrolled(user),
      after: (user) => this.#stayOf(user)?.notices.after,
      entered: (connection, greeted, entered) => this.#entered(connection, greeted, entered),
      lost: () => this.#stay?.lost(),
      forgotten: (user) => {
        this.places.left(user, true);
        this.#left();
      },
    });
    surroundings.tabs.onMessage(({ user }) => this.#leftElsewhere(user));
  }

  static async open(surroundings: Surroundings): Promise<ChatCore> {
    const device = await Device.open(surroundings);
    const { fragment, isLocal } = surroundings;
    return new ChatCore(surroundings, device, readFragment(fragment, isLocal));
  }

  /** Connects, and lets in whoever was here last. */
  begin(): void {
    void this.places.begin().then((user) => this.life.begin(user));
  }

  get model(): Model {
    return this.#model;
  }

  /** Whoever is in. @throws Fault not-logged-in */
  get stay(): Stay {
    if (this.#stay === undefined) throw notLoggedIn();
    return this.#stay;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onTold(listener: (told: Told) => void): () => void {
    this.#onTold.add(listener);
    return () => this.#onTold.delete(listener);
  }

  /** Shown with the next frame. */
  tell(event: ModelEvent): void {
    this.#events.push(event);
    if (this.#isAwaitingFrame || this.#isFlushing) return;
    this.#isAwaitingFrame = true;
    this.#surroundings.nextFrame(() => {
      this.#isAwaitingFrame = false;
      this.#flush();
    });
  }

  /** Somebody did it, and waits for what they see. */
  person(event: ModelEvent): void {
    this.#events.push(event);
    this.#flush();
  }

  /** Its fault is for the person to see. */
  show(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      this.person({ kind: "fault", fault: error });
    });
  }

  post(to: string, body: PostBody): void {
    this.stay.posts.post(to, body);
    this.#flush();
  }

  async enter(credentials: Credentials): Promise<void> {
    const { password, roomSecret } = credentials;
    const some = (text: string | undefined) => (text === "" ? undefined : text);
    await this.life.enter({
      ...credentials,
      password: some(password),
      roomSecret: some(roomSecret) ?? this.fragment.secret,
    });
  }

  async logout(forget: boolean): Promise<void> {
    const { user } = this.stay;
    this.flush();
    const isOffline = this.#model.connection.kind === "offline";
    if (isOffline && !forget) this.life.leave();
    else await this.life.logout(forget);
    this.places.left(user, forget);
    this.#left();
    this.#surroundings.tabs.tell({ kind: "left", user });
  }

  /** Takes over what tabs that were closed have left unsent. */
  adopt(): void {
    const stay = this.#stay;
    if (stay !== undefined) this.show(stay.adopt());
  }

  /** Keeps and tells what is still to be kept and told. */
  flush(): void {
    this.#stay?.flush();
    void this.#keepDrafts();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.flush();
    await this.#keepDrafts();
    const stay = this.#stay;
    this.#stay = undefined;
    stay?.leave();
    this.#surroundings.tabs.close();
    await this.life.close();
    await stay?.uploads.written();
  }

  #told(event: ModelEvent): void {
    if (!this.#isClosed) this.person(event);
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        const { model, effects } = updateAll(this.#model, events);
        this.#model = model;
        for (const effect of effects) this.#perform(effect);
      }
    } finally {
      this.#isFlushing = false;
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #perform(effect: ModelEffect): void {
    switch (effect.kind) {
      case "page":
        void this.#asking.page(effect);
        return;
      case "members":
        void this.#asking.members(effect.room, effect.target);
        return;
      case "search":
        void this.#asking.search(effect);
        return;
      case "read":
        this.#stay?.read(effect.room, effect.n);
        return;
      case "notify":
        for (const listener of [...this.#onTold]) listener(effect);
        return;
      case "keep-draft":
        this.#drafts.set(effect.target, effect.draft);
        this.#cancelDrafts ??= this.#surroundings.clock.after(DRAFTS_KEPT_EVERY_MS, () => {
          void this.#keepDrafts();
        });
        return;
      default:
        return unreachable(effect);
    }
  }

  async #keepDrafts(): Promise<void> {
    this.#cancelDrafts?.();
    this.#cancelDrafts = undefined;
    const drafts = new Map(this.#drafts);
    this.#drafts.clear();
    const user = this.#stay?.user;
    if (user !== undefined && drafts.size > 0) await this.places.keepDrafts(user, drafts);
  }

  async #greeted(greeted: Greeted, formers: readonly string[]): Promise<void> {
    const { fingerprint, welcome } = greeted;
    const changedFrom = await this.places.greeted(fingerprint, formers);
    const known = this.#model.server?.changedFrom;
    const former = changedFrom === undefined ? known : `SHA256:${changedFrom}`;
    this.#told({
      kind: "greeted",
      server: {
        name: welcome.server.name,
        fingerprint: formatFingerprint(fingerprint),
        needsRoomPassword: welcome.needs === "password",
        welcome: welcome.text,
        textBytesMax: welcome.limits.textBytes,
        ...(former === undefined ? {} : { changedFrom: former }),
        keepsKey: this.#device.canSign,
      },
    });
    const { build } = this.#surroundings;
    const now = welcome.build ?? "";
    if (build !== "" && now !== "" && now !== build) this.#told({ kind: "outdated" });
  }

  #stayOf(user: string): Stay | undefined {
    return this.#stay?.user.toLowerCase() === user.toLowerCase() ? this.#stay : undefined;
  }

  /** Nothing waits here: what the server sends next must find its listener. */
  #entered(connection: Connection, { fingerprint }: Greeted, { account }: Entered): void {
    const { user } = account;
    this.places.entered(user, this.#device.canSign);
    const known = this.#stayOf(user);
    const stay = known?.fingerprint === fingerprint ? known : this.#newStay(fingerprint, user);
    this.#told({ kind: "entered", user });
    stay.connected(connection);
    this.show(this.#operate(connection));
    if (stay === known) return;
    this.show(stay.begin());
    this.show(this.#restoreDrafts(user));
  }

  #newStay(fingerprint: Stay["fingerprint"], user: string): Stay {
    this.#stay?.leave();
    const stay: Stay = new Stay({
      surroundings: this.#surroundings,
      hashing: pageHashing(this.#surroundings.subtle),
      fingerprint,
      user,
      tell: (event) => {
        if (this.#stay === stay) this.tell(event); // Whoever left is told nothing more.
      },
      happened: (event) => {
        for (const listener of [...this.#onTold]) listener({ kind: "happened", event });
      },
      hole: (fault, again) => this.life.mend(fault, again),
    });
    this.#stay = stay;
    return stay;
  }

  async #restoreDrafts(user: string): Promise<void> {
    for (const [target, draft] of await this.places.drafts(user)) {
      if (this.#stayOf(user) === undefined || this.#model.drafts.has(target)) continue;
      this.tell({ kind: "draft", target, draft });
    }
  }

  /** Shows the token of the operators' link, which stays good for this device. */
  async #operate(connection: Connection): Promise<void> {
    const given = this.fragment.operatorToken;
    const token = given ?? (await this.places.operatorToken());
    if (token === undefined) return;
    try {
      await connection.ask("operate", { token });
      if (given !== undefined) this.places.keepOperatorToken(given);
      this.tell({ kind: "operator" });
    } catch (error) {
      if (!(error instanceof Fault) || connection.isClosed) return;
      this.places.keepOperatorToken(undefined);
      if (given !== undefined) throw error;
    }
  }

  #left(): void {
    this.#drafts.clear();
    this.#stay?.leave();
    this.#stay = undefined;
    this.#events = [];
    this.#told({ kind: "left" });
  }

  #leftElsewhere(user: string): void {
    if (this.#stayOf(user) === undefined) return;
    this.life.logout(false).then(
      () => this.#left(),
      () => {
        this.life.leave();
        this.#left();
      },
    );
  }
}
