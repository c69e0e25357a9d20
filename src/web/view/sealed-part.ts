/** Fetched where a sealed room is: what works on its group, and keeps what was said there. */
import "./first-screen.ts";

export * from "../../client/sealed/code.ts";
export * from "../browser/sealed-home.ts";
