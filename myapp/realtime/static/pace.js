/* The pace at which a list is drawn. One with `data-rt-draw-ms` is drawn at most once in so many milliseconds, however many events
 * come: the first at once, what comes meanwhile together afterwards, and of the same thing only the newest.
 */

export class Pace {
    #waiting = new Map();  // list -> Map of what is to be drawn: name -> function, in the order in which the names first came
    #due = null;           // a Set of lists whose time has come while nothing may be drawn

    /** Call `draw` now, or once `list` may be drawn again, unless by then another one has come by the same `name`. */
    draw(list, name, draw) {
        const pause = Number(list.dataset.rtDrawMs);
        if (this.#waiting.has(list)) this.#waiting.get(list).set(name, draw);
        else {
            if (pause > 0) this.#pause(list, pause);
            draw();
        }
    }

    /** Draw nothing of what waits. */
    forget() {
        this.#waiting.forEach((drawings) => drawings.clear());
    }

    /** Let wait what waits until `release`. */
    hold() {
        this.#due ??= new Set();
    }

    release() {
        const due = this.#due ?? [];
        this.#due = null;
        due.forEach((list) => this.#goOn(list));
    }

    #pause(list, pause) {
        this.#waiting.set(list, new Map());
        setTimeout(() => (this.#due ? this.#due.add(list) : this.#goOn(list)), pause);
    }

    #goOn(list) {
        const drawings = this.#waiting.get(list);
        this.#waiting.delete(list);
        if (drawings.size > 0) this.#pause(list, Number(list.dataset.rtDrawMs));
        drawings.forEach((draw) => draw());
    }
}
