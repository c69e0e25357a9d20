/** Shared code that the page loads before any lazy module. */

/**
 * Each lazy module imports this file, so that the bundler emits one shared file, which compresses
 * better than several small ones.
 */
import "../browser/browser.ts";
import "../driver/chat.ts";
import "./app.tsx";
