/* A remote free that is drained, against the home thread's own return of the same rented buffer.

Model:     One slot in cache 0, one rented buffer of generation 1, returned by thread 0 (at home) and by thread 1 (remotely) at once. Thread 0 takes the
           slot again, returns that generation, or gives the slot to the depot or, vacant, to the table. Thread 1 returns each generation that it
           knows a second time. Thread 2 drains the remote frees into the depot, takes the slot from there into cache 2, rents it out, and
           returns it. So the slot may be listed while it is used again, and may be listed twice.
Left out:  Other slots of a batch. Batches: their contents are written before one atomic operation, and read after another one. The counts of
           bytes and slots. The end of threads.
Property:  The slot gets a new owner only when it is free, and only one. In the end it is not lost.

Runs:
  rented:
  second: SECOND

Mutations:
  NO_BARRIER: the draining thread passes no process-wide barrier
  NO_WAIT: the draining thread does not wait until the home's thread is outside
  NO_REREAD: the draining thread does not read the generation again
  TAKE_OUTSIDE: the home's thread takes a slot of its list by a plain store, and is not inside
  ANY_HOME: the home's thread takes a slot of its list as its own, whatever home the slot has
  PLAIN_LEAVE: leaving is not a release: the clear Inside passes the store of the generation
  HOME_AFTER_GENERATION SECOND: a borrower reads the home after the generation
*/
#define HOMES 2
#define AWAY depot
#include "slot.h"

byte depot;
byte known = 1;     /* the last generation that was rented */
byte done;

/* LeavePath.TakeAwayUnlessReturned, after TryTake: the generation's number is in before. */
inline takeAway(t)
{
  BARRIER(t);
  READ_HOME(t);
  WAIT_FOR_OWNER(t, home);
#ifdef NO_REREAD
  if
  :: true ->
#else
  if
  :: LOAD(t, GEN) == G(before, Closing) ->
#endif
     STORE(t, HOME, 0);
     atomic { MOVE_STORE(t, before, Closing, Scoped) };
     d_step { FENCE(t); assert(!depot && !hot); depot = 1 }
#ifndef NO_REREAD
  :: else
#endif
  fi;
  CLEAR_HOME
}

inline drain(t, list)
{
  ok = 0;
  if
  :: t == list -> takeBack(t)
  :: else -> takeRemote(t, list)
  fi;
  if
  :: ok ->
     READ_HOME(t);
     if
#ifdef ANY_HOME
     :: t == list ->
#else
     :: HERE(t, home) ->
#endif
        atomic { MOVE_STORE(t, before, Closing, Scoped); assert(!hot && !depot); hot = t + 1 }
     :: else -> takeAway(t)
     fi
  :: else
  fi;
  ok = 0;
  CLEAR_HOME;
  before = 0
}

inline rent(t)
{
  atomic { g = LOAD(t, GEN); assert(STATE(g) == Scoped); n = NUMBER(g); TAKEN(n); g = 0; MOVE_STORE(t, n, Scoped, Open) };
  atomic { FENCE(t); known = n }
}

inline giveBack(t, number)
{
  returnHere(t, number);
  if :: !ok -> close(t, number) :: else fi;
  ok = 0
}

inline giveBackElsewhere(number)
{
  returnElsewhere(1, number);
  if :: !ok -> close(1, number) :: else fi
}

proctype owner()
{
  LOCALS; byte n;
#ifdef SECOND
  closeHere(0, 1);
  ok = 0;
#else
  giveBack(0, 1);
#endif
  if :: drain(0, 0) :: skip fi;
  if
  :: hot == 1 ->
     if
#ifdef SECOND
     :: /* ResizePath.Exchange: as the second slot of a resize, it gets the home of the block that it has now. */
        atomic { hot = 0; g = LOAD(0, GEN); n = NUMBER(g); assert(lent == 0); lent = n; g = 0; MOVE_STORE(0, n, Scoped, Closing) };
        STORE(0, HOME, 2);
        home = 2;
        returnClosed(0, n)
#else
     :: atomic { hot = 0 }; rent(0); giveBack(0, n);
        if :: drain(0, 0) :: skip fi
     :: /* The slot goes to the depot or to the table, whose locks are full barriers. */
        atomic { hot = 0; PUT(0, HOME, 0) };
        d_step { FENCE(0); assert(!depot); depot = 1 };
        if
        :: known > 1 || depot == 0 -> drain(0, 0)
        :: true
        fi
#endif
     fi
  :: else
  fi;
  g = 0; CLEAR_HOME; n = 0; ok = 0;
  FENCE(0);
  done++
}

proctype stale()
{
  LOCALS; byte n;
#ifdef SECOND
  borrow(1, 1);
#else
  giveBackElsewhere(1);
  n = known;
  if :: n > 1 -> giveBackElsewhere(n) :: else fi;
  n = 0;
#endif
  ok = 0;
  FENCE(1);
  done++
}

proctype visitor()
{
  LOCALS; byte n;
#ifndef SECOND
  if :: drain(2, 0) :: skip fi;
  if
  :: atomic { depot -> depot = 0 };
     STORE(2, HOME, 3);
     rent(2);
     giveBack(2, n)
  :: skip
  fi;
#endif
  g = 0; n = 0;
  FENCE(2);
  done++;
  done == 3;
  if
  :: lent -> assert(IS_OPEN(mem[GEN], lent) && !hot && !depot)
  :: else -> assert(hot || depot || ((mem[TOP] || mem[TOP + 1] || mem[TOP + 2]) && STATE(mem[GEN]) == RemotelyFreed))
  fi
}

init
{
  atomic {
    mem[HOME] = 1;
#ifdef SECOND
    mem[GEN] = G(1, Biased);
#else
    mem[GEN] = G(1, Open);
#endif
    run owner();
    run stale();
    run visitor()
  }
}
