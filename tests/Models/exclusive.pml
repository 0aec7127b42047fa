/* Exclusive use (resize, reserve, release) against borrow and close, with requests to close.

Model:     One owner. Thread 0 is the slot's home at first. Thread 1 resizes the block, releases it, or fails; so does thread 0, or it borrows or
           disposes. A resize moves the home to the resizing thread, and begins a new generation. Thread 2 borrows, then disposes.
Left out:  Pins (pin.pml), uses by the home of a list (home.pml). Code of the program that runs during a resize on the same thread. A later user of the
           slot only writes to the place of the request.
Property:  While one thread excludes the other threads, no thread uses the block. After Dispose has returned, no call finds the owner open,
           also if the resizing thread was asked to close. The block is given back once, and in the end it is not lost.

Runs:
  resize:
  mixed: MIXED

Mutations:
  NO_BARRIER: the excluding thread passes no process-wide barrier
  NO_WAIT MIXED: the excluding thread does not wait until the home's thread is outside
  NO_REREAD MIXED: the excluding thread does not read the generation again after the look at users
  NO_REQUESTS: the excluding thread does not look for requests
  NO_ASK: a closing thread reports success without a request
  CLEAR_REQUEST: the excluding thread clears the request before it closes
  NO_SECOND_READ: the look for a request is not followed by a second read of the generation
  GENERATION_BEFORE_OWNER: the slot shows the new generation before the owner has it
*/
#include "owned.h"

byte done;

/* OwnedBlock.IsOver. Leaves its result in ok. */
inline isOver(t)
{
  do
  :: n = LOAD(t, OPENED);
     g = LOAD(t, GEN);
     if
     :: g == G(n, Exclusive) ->
        /* CloseProtocol.IsOpenWhileExclusive. */
        do
        :: g = LOAD(t, GEN);
           if
           :: g != G(n, Exclusive) -> ok = IS_OPEN(g, n); break
           :: else
           fi;
           used = LOAD(t, NOTE) == REQUEST(n);
#ifdef NO_SECOND_READ
           ok = !used; break
#else
           if
           :: used -> ok = 0; break
           :: !used && LOAD(t, GEN) == G(n, Exclusive) -> ok = 1; break
           :: else
           fi
#endif
        od;
        used = 0
     :: else -> ok = !IS_OVER(g, n)
     fi;
     if :: ok -> ok = 0; break :: else fi;
     if :: LOAD(t, OPENED) == n -> ok = 1; break :: else fi
  od;
  n = 0;
  g = 0
}

proctype worker(byte t)
{
  LOCALS; byte n, was;
#ifdef MIXED
  if
  :: t == 0 -> closeOwned(t)
  :: t == 0 -> borrowOwned(t)
  :: t == 1 -> resize(t)
  fi;
#else
  resize(t);
#endif
  FENCE(t);
  done++
}

proctype disposer()
{
  LOCALS; byte n, was;
  if :: borrowOwned(2) :: skip fi;
  if
  :: closeOwned(2); isOver(2); assert(ok); ok = 0
  :: skip
  fi;
  FENCE(2);
  done++;
  done == 3;
  assert(!excludes);
  if
  :: released -> assert(!lent)
  :: !released && lent -> assert(IS_OPEN(mem[GEN], lent) && !disposed)
  :: else -> assert(disposed && (hot || mem[TOP] || mem[TOP + 1]))
  fi
}

init
{
  atomic {
    mem[HOME] = 1;
    mem[OPENED] = 1;
    if :: mem[GEN] = G(1, Open) :: mem[GEN] = G(1, Biased) fi;
    run worker(0);
    run worker(1);
    run disposer()
  }
}
