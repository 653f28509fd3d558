/* What is said when a request that somebody made came to nothing: in the form that it was, else in the notice of the page.
 *
 * What was typed stays. Lists and panels that read themselves anew fail in silence: the status badge speaks for them.
 */

const SENTENCES = {
    403: "Your role does not allow this.",
};
const UNREACHABLE = "The server could not be reached. What you typed is still here; try again.";
const UNABLE = "The server could not do this just now. Nothing was changed; try again.";

export class Notice {
    #notice;
    #retry = () => {};

    constructor(notice) {
        this.#notice = notice;
        document.addEventListener("htmx:before:request", ({ target }) => this.#clear(target));
        document.addEventListener("htmx:error", ({ target, detail }) => this.#say(target, UNREACHABLE, detail.ctx));
        document.addEventListener("htmx:response:error", ({ target, detail }) => this.#refused(target, detail.ctx));
        notice.querySelector("[data-notice-retry]").addEventListener("click", () => { this.#hide(); this.#retry(); });
        document.addEventListener("click", ({ target }) => target.closest("[data-problem-retry]")?.closest("form").requestSubmit());
        notice.querySelector("[data-notice-close]").addEventListener("click", () => this.#hide());
    }

    /* Other refusals come with a page or a form that says what is wrong, and that htmx has put in its place. */
    #refused(source, ctx) {
        const { status } = ctx.response;
        if (status >= 500 || status in SENTENCES) this.#say(source, SENTENCES[status] ?? UNABLE, ctx);
    }

    #say(source, sentence, ctx) {
        const problem = source.querySelector?.("[data-problem]");
        if (problem) {
            problem.querySelector("[data-problem-text]").textContent = sentence;
            problem.hidden = false;
        } else if (source.matches?.("a, form")) {
            this.#retry = () => (source.matches("a") ? source.click() : source.requestSubmit(ctx?.request.submitter));
            this.#notice.querySelector("[data-notice-text]").textContent = sentence;
            this.#notice.hidden = false;
        }
    }

    #clear(source) {
        const problem = source.querySelector?.("[data-problem]");
        if (problem) problem.hidden = true;
        if (source.matches?.("a, form")) this.#hide();
    }

    #hide() {
        this.#notice.hidden = true;
    }
}
