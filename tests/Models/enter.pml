/* Lists that enter their block without a borrow (decision 10).

Model:     One list, biased to thread 0 at first. Thread 0 enters it, then enters once more or disposes it. Thread 1 reserves room, which biases the
           list to thread 1, then enters or disposes it. Thread 2 borrows or disposes it.
Left out:  Count and length of the list. Pins (pin.pml). Requests to close are in the model, their mutations are in exclusive.pml.
Property:  While a thread is inside, the block is neither freed nor changed by another thread. The block that a thread enters is that of the
           generation that it compared.

Runs:
  enter:
  first: FIRST

Mutations:
  NO_BARRIER: a thread that moves the state on passes no process-wide barrier
  NO_WAIT: it does not wait until the entering thread is outside
  INSIDE_AFTER_LOOK: the entering thread compares the generation first, then stores Inside
  HOME_BEFORE_OWNER: the entering thread reads the home before the owner's generation
  NO_COMPARE: the entering thread does not compare the generation
  PLAIN_LEAVE: leaving is not a release: the clear Inside passes the last use
  STATE_ALONE: the entering thread compares the state alone, not the whole generation
*/
#define NO_RELEASE 1
#include "owned.h"

byte done;

/* OwnedBlock.Enter and Leave. */
inline enter(t)
{
  was = disposed;
#ifdef HOME_BEFORE_OWNER
  READ_HOME(t);
  n = LOAD(t, OPENED);
#else
  n = LOAD(t, OPENED);
  READ_HOME(t);
#endif
  if
  :: HERE(t, home) ->
#ifdef INSIDE_AFTER_LOOK
     g = LOAD(t, GEN);
     STORE(t, INSIDE + t, 1);
#else
     STORE(t, INSIDE + t, 1);
     g = LOAD(t, GEN);
#endif
#ifdef NO_COMPARE
     ok = 1;
#elif defined(STATE_ALONE)
     ok = STATE(g) == Biased;
#else
     ok = g == G(n, Biased);
#endif
     if
     :: ok ->
        FOUND_OPEN(was);
        atomic { assert(!excludes); use(t, n) };
#ifdef PLAIN_LEAVE
        STORE(t, INSIDE + t, 0);
        inUse[t] = 0
#else
        inUse[t] = 0;
        STORE(t, INSIDE + t, 0)
#endif
     :: else -> STORE(t, INSIDE + t, 0)
     fi
  :: else
  fi;
  n = 0;
  was = 0;
  CLEAR_HOME;
  g = 0;
  ok = 0
}

proctype first()
{
  LOCALS; byte n, was;
  enter(0);
  if
#ifdef FIRST
  :: closeOwned(0)
#else
  :: enter(0)
#endif
  :: skip
  fi;
  FENCE(0);
  done++
}

proctype second()
{
  LOCALS; byte n, was;
  if :: resize(1) :: skip fi;
#ifndef FIRST
  if
  :: enter(1)
  :: closeOwned(1)
  fi;
#endif
  FENCE(1);
  done++
}

proctype third()
{
  LOCALS; byte n, was;
  if
  :: borrowOwned(2)
  :: closeOwned(2)
  :: skip
  fi;
  FENCE(2);
  done++;
  done == 3;
  assert(!excludes);
  if
  :: lent -> assert(IS_OPEN(mem[GEN], lent) && !disposed)
  :: else -> assert(disposed && (hot || mem[TOP] || mem[TOP + 1]))
  fi
}

init
{
  atomic {
    mem[HOME] = 1;
    mem[OPENED] = 1;
    mem[GEN] = G(1, Biased);
    run first();
    run second();
    run third()
  }
}
