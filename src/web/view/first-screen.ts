/** Shared code that every page has loaded before it loads a part. */

/**
 * Each part imports this file, so that the bundler emits one shared file instead of one for each
 * combination of parts. One file compresses better. The page's entry stays a second, small file.
 */
import "../browser/browser.ts";
import "../driver/chat.ts";
import "./app.tsx";
