"""What the course of a run says: overfitting, worse than the base, a loss that does not move; each once."""

from govor.train.course import Course


def run(course: Course, losses, scores) -> list[str]:
    """Ten steps between losses, an evaluation behind each; what was said."""
    said = [course.judged(0, scores[0])]
    for number, (loss, wer) in enumerate(zip(losses, scores[1:], strict=True), start=1):
        said += [course.trained(10 * number, loss), course.judged(10 * number, wer)]
    return [one for one in said if one]


def test_a_healthy_run_is_quiet() -> None:
    losses = [3.0, 2.0, 1.5, 1.2, 1.0, 0.9, 0.8, 0.75]
    assert run(Course(10), losses, [1.0, 1.0, 0.9, 0.7, 0.6, 0.55, 0.56, 0.55, 0.56]) == []


def test_dev_rising_while_the_loss_falls_is_overfitting_said_once() -> None:
    losses = [3.0, 2.0, 1.0, 0.5, 0.3, 0.2, 0.1, 0.05]
    said = run(Course(5), losses, [0.9, 0.8, 0.5, 0.55, 0.6, 0.62, 0.65, 0.7, 0.7])
    assert len(said) == 1 and said[0].startswith("overfitting: dev was best at step 20 (WER 0.500)")
    assert "steps = " in said[0] and "Ctrl-C" in said[0]


def test_dev_that_wavers_is_not_overfitting() -> None:
    losses = [3.0, 2.0, 1.0, 0.5, 0.3, 0.2]
    assert run(Course(5), losses, [0.9, 0.8, 0.5, 0.505, 0.6, 0.5, 0.505]) == []


def test_worse_than_the_base() -> None:
    said = run(Course(5), [2.0, 1.0, 0.8, 0.6], [0.3, 0.5, 0.45, 0.44, 0.43])
    assert len(said) == 1 and "worse than the base model" in said[0] and "0.300" in said[0]


def test_a_new_model_that_still_writes_nothing_is_not_worse_than_its_base() -> None:
    assert run(Course(5), [9.0, 5.0, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0, 1.0]) == []


def test_a_loss_that_never_moved() -> None:
    said = [Course(20).trained(10 * n, 3.0) for n in range(1, 5)]
    assert said == [None] * 4
    course = Course(20)
    said = [course.trained(10 * n, 3.0 - 0.001 * n) for n in range(1, 13)]
    assert [n for n, one in enumerate(said, start=1) if one] == [8]
    assert "has not moved" in said[7]
    falling = Course(20)
    assert not any(falling.trained(10 * n, 3.0 - 0.05 * n) for n in range(1, 20))
