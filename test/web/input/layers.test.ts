import { describe, expect, test } from "bun:test";
import { Layers } from "../../../src/web/input/layers.ts";

interface Entry {
  readonly state: unknown;
  readonly href: string;
}

/** Browser window with its session history. As in browsers, `go` takes effect in a later task. */
class FakeWindow extends EventTarget {
  readonly entries: Entry[] = [{ state: null, href: "#/lobby" }];
  at = 0;
  readonly #tasks: (() => void)[] = [];

  get #entry(): Entry {
    const entry = this.entries[this.at];
    if (entry === undefined) throw new Error("the history has no such entry");
    return entry;
  }

  // The accessors read the current entry, also through a saved `location` or `history`.
  readonly location = ((window: FakeWindow) => ({
    get href() {
      return window.#entry.href;
    },
  }))(this);

  readonly history = ((window: FakeWindow) => ({
    get state() {
      return window.#entry.state;
    },
    replaceState: (state: unknown, _: string, href: string) => {
      this.entries[this.at] = { state, href };
    },
    pushState: (state: unknown, _: string, href: string) => {
      this.entries.splice(++this.at, this.entries.length, { state, href });
    },
    go: (steps: number) => {
      this.later(() => {
        this.at += steps;
        this.dispatchEvent(new Event("popstate"));
      });
    },
  }))(this);

  later(task: () => void): void {
    this.#tasks.push(task);
  }

  readonly setTimeout = this.later;

  /** A link or the address bar adds an entry without a state. */
  follow(href: string): void {
    this.history.pushState(null, "", href);
    this.dispatchEvent(new Event("popstate"));
    this.runTasks();
  }

  go(steps: number): void {
    this.history.go(steps);
    this.runTasks();
  }

  runTasks(countMax = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < countMax && this.#tasks.length > 0; i++) this.#tasks.shift()?.();
  }
}

function opened() {
  const window = new FakeWindow();
  const layers = new Layers(window);
  const followed: string[] = [];
  window.addEventListener("popstate", () => followed.push(window.location.href));
  const closed: string[] = [];
  const open = (name: string, ignoresEscape = false) =>
    layers.open({ close: () => closed.push(name), ignoresEscape });
  const pressEscape = () => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "Escape" });
    window.dispatchEvent(event);
    window.runTasks();
    return event.defaultPrevented;
  };
  layers.push("#/garden");
  window.runTasks();
  return { window, layers, followed, closed, open, pressEscape };
}

describe("a layer with an address", () => {
  function openedHelp() {
    const { window, layers, closed } = opened();
    const layer = { close: () => closed.push("help"), address: "#help" };
    const close = layers.open(layer);
    window.runTasks();
    return { window, layers, closed, layer, close };
  }

  test("shows it while it is open, and the page's again after Back", () => {
    const { window, closed } = openedHelp();
    expect(window.location.href).toBe("#help");
    window.go(-1);
    expect([closed, window.location.href]).toEqual([["help"], "#/garden"]);
  });

  test("shows it again after a layer above it", () => {
    const { window, layers } = openedHelp();
    layers.open({ close: () => undefined });
    window.runTasks();
    expect(window.location.href).toBe("#/garden");
    window.go(-1);
    expect(window.location.href).toBe("#help");
  });

  test("changes its entry when the address changes", () => {
    const { window, layers, layer, close } = openedHelp();
    layer.address = "#help/hand";
    layers.settle();
    window.runTasks();
    expect(window.location.href).toBe("#help/hand");
    expect(window.entries).toHaveLength(3);
    close();
    window.runTasks();
    expect(window.location.href).toBe("#/garden");
  });
});

describe("Back", () => {
  test("closes one layer at a time, and then leaves the page", () => {
    const { window, followed, closed, open } = opened();
    open("drawer");
    window.runTasks();
    open("dialog");
    open("menu");
    window.runTasks();
    window.go(-1);
    expect([closed, window.location.href]).toEqual([["menu"], "#/garden"]);
    window.go(-1);
    window.go(-1);
    expect([closed, followed]).toEqual([["menu", "dialog", "drawer"], []]);
    window.go(-1);
    expect(followed).toEqual(["#/lobby"]);
    expect(closed).toHaveLength(3);
  });

  test("does not stop at layers that were closed without it", () => {
    const { window, followed, closed, open } = opened();
    const closeDrawer = open("drawer");
    window.runTasks();
    const closeDialog = open("dialog");
    window.runTasks();
    closeDialog();
    closeDrawer();
    window.runTasks();
    expect(followed).toEqual([]);
    window.go(-1);
    expect([closed, followed]).toEqual([[], ["#/lobby"]]);
  });

  test("adds no entry when a dialog replaces another", () => {
    const { window, closed, open } = opened();
    const close = open("first");
    window.runTasks();
    close();
    open("second");
    window.runTasks();
    expect(window.entries).toHaveLength(3);
    window.go(-1);
    expect([closed, window.location.href]).toEqual([["second"], "#/garden"]);
  });

  test("returns to the previous room after a room was opened from the drawer", () => {
    const { window, layers, followed, open } = opened();
    const close = open("drawer");
    window.runTasks();
    close();
    layers.push("#/attic");
    window.runTasks();
    expect(window.location.href).toBe("#/attic");
    window.go(-1);
    expect(followed.at(-1)).toBe("#/garden");
  });

  test("returns to the previous room if the drawer's entry is removed first", () => {
    const { window, layers, followed, open } = opened();
    const close = open("drawer");
    window.runTasks();
    close();
    window.runTasks(1); // The removal has begun.
    layers.push("#/attic");
    window.runTasks();
    expect(window.location.href).toBe("#/attic");
    window.go(-1);
    expect(followed).toEqual(["#/garden"]);
  });

  test("closes the layer, although the page below it has changed", () => {
    const { window, layers, followed, closed, open } = opened();
    open("picture");
    window.runTasks();
    layers.push("#/attic");
    window.runTasks();
    layers.replace("#/cellar");
    window.go(-1);
    expect([closed, window.location.href, followed]).toEqual([["picture"], "#/cellar", []]);
    window.go(-1);
    expect(followed.at(-1)).toBe("#/garden");
  });

  test("passes over the entry of a dialog whose link was followed", () => {
    const { window, followed, closed, open } = opened();
    const close = open("pins");
    window.runTasks();
    close();
    window.follow("#/garden/5");
    window.go(-1);
    expect(followed).toEqual(["#/garden/5", "#/garden"]);
    window.go(-1);
    expect([closed, followed.at(-1)]).toEqual([[], "#/lobby"]);
  });

  test("closes all layers and keeps the page when it goes several steps", () => {
    const { window, followed, closed, open } = opened();
    open("drawer");
    open("dialog");
    window.runTasks();
    window.go(-3);
    expect([closed, followed]).toEqual([["dialog", "drawer"], []]);
    expect(window.location.href).toBe("#/garden");
  });
});

describe("Escape", () => {
  test("closes the top layer and removes its entry", () => {
    const { window, followed, closed, open, pressEscape } = opened();
    open("drawer");
    open("dialog");
    window.runTasks();
    expect([pressEscape(), closed, window.history.state]).toEqual([true, ["dialog"], 1]);
    expect([pressEscape(), closed, window.history.state]).toEqual([true, ["dialog", "drawer"], 0]);
    expect(pressEscape()).toBe(false);
    window.go(-1);
    expect(followed).toEqual(["#/lobby"]);
  });

  test("does not leave a full page", () => {
    const { window, closed, open, pressEscape } = opened();
    open("dashboard", true);
    window.runTasks();
    expect([pressEscape(), closed]).toEqual([false, []]);
    open("dialog");
    pressEscape();
    expect(closed).toEqual(["dialog"]);
    window.go(-1);
    expect(closed).toEqual(["dialog", "dashboard"]);
  });
});

test("ignores Forward to a closed layer", () => {
  const { window, closed, open } = opened();
  open("dialog");
  window.runTasks();
  window.go(-1);
  window.go(1);
  expect([closed, window.at, window.location.href]).toEqual([["dialog"], 1, "#/garden"]);
});

test("treats the entry of a layer as a page after a reload", () => {
  const window = new FakeWindow();
  window.history.replaceState(0, "", "#/lobby");
  window.history.pushState(1, "", "#/lobby");
  const layers = new Layers(window);
  window.runTasks();
  layers.push("#/garden");
  expect(window.entries.map(({ href }) => href)).toEqual(["#/lobby", "#/lobby", "#/garden"]);
});

test("works without entries while the browser refuses to change the history", () => {
  const window = new FakeWindow();
  const refuse = () => {
    throw new DOMException("too many calls", "SecurityError");
  };
  Object.assign(window.history, { pushState: refuse, replaceState: refuse });
  const layers = new Layers(window);
  let closed = 0;
  layers.open({ close: () => closed++ });
  window.runTasks();
  layers.push("#/homework");
  layers.closeTop();
  window.runTasks();
  expect(closed).toBe(1);
  expect(window.entries).toEqual([{ state: null, href: "#/lobby" }]);
});
