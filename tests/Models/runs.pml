/* The blocks of a run: its owner, a thread that frees blocks of the owner, and a visitor.

Model:     A run of two blocks. The owner (thread 0) takes blocks, frees some of them, hands over the others, and fills: it collects what other
           threads have freed, or takes over the run. A visitor (thread 1) takes the run away if it has free blocks or is the current one. Another
           thread (thread 2) frees blocks that were handed over, and takes blocks of a run without an owner.
Left out:  Several runs, and the lists of them: an owner or a visitor changes them, as the bits. The blocks of other runs that a thread keeps:
           stores between entering and leaving, like the bits. The end of a thread, which is a visit without a gate.
Property:  No two users have one block, and none is lost: at the end, the bits and the count of used blocks are exact. No thread waits for ever.

Runs:
  runs:

Mutations:
  NO_BARRIER: the visitor passes no process-wide barrier
  NO_WAIT: the visitor does not wait until the owner is outside
  ANNOUNCE_LATE: the visitor raises the floor after the barrier
  FLOOR_BEFORE_INSIDE: the owner loads the floor first, then stores Inside
  OWNER_BEFORE_FLOOR: the owner loads the run's owner before the floor
  PLAIN_LEAVE: leaving is not a release: the clear Inside passes the stores to the bits
  PLAIN_END_OF_VISIT: the end of a visit is not a release: the low floor passes the visitor's stores
  BITS_OF_OWNER: the thread that frees a block of an owned run changes the owner's bits
  NO_OWNER_CHECK: the owner frees a block at home although it has lost the run
  FILL_IN_GATE: the owner fills inside, and not under the lock
  VISIT_WITHOUT_LOCK: the visitor takes the run away without the lock
*/
#define THREADS 3
#define K 3
#define INSIDE 0
#define FLOOR 1
#define OWNER 2             /* 1 if thread 0 owns the run */
#define CURRENT 3           /* 1 if thread 0 takes blocks from the run */
#define FREE 4              /* a bit for each block */
#define RETURNED 5
#define USED 6
#define WORDS 7
#include "tso.h"

#define TURNS 4
#define HIGH 9

#define IN_RUN 0
#define WITH_OWNER 1
#define WITH_OTHER 2
byte place[2];
byte done;
bool locked;

#define TO(block, from, to) assert(place[block] == from); place[block] = to
#define LOCK(t) atomic { bufCount[t] == 0 && !locked; locked = true }
#define UNLOCK(t) atomic { FENCE(t); locked = false }
#define LOWEST(bits) (((bits) & 1) -> 0 : 1)
#define NUMBER(bits) (((bits) & 1) + ((bits) >> 1))

#ifdef PLAIN_LEAVE
#define LEAVE_FIRST STORE(0, INSIDE, 0)
#define LEAVE skip
#else
#define LEAVE_FIRST skip
#define LEAVE STORE(0, INSIDE, 0)
#endif

/* VisitGate.Begin. */
inline begin()
{
#ifdef FLOOR_BEFORE_INSIDE
  floor = LOAD(0, FLOOR);
  STORE(0, INSIDE, 1)
#else
  STORE(0, INSIDE, 1);
  floor = LOAD(0, FLOOR)
#endif
}

/* BarePath.TryTakeHere and OwnedRuns.TryTake. */
inline take()
{
  begin();
  if
  :: floor == 0 ->
     bits = (LOAD(0, CURRENT) -> LOAD(0, FREE) : 0);
     if
     :: bits != 0 ->
        LEAVE_FIRST;
        atomic { PUT(0, FREE, bits & (bits - 1)); block = LOWEST(bits); TO(block, IN_RUN, WITH_OWNER) };
        STORE(0, USED, LOAD(0, USED) + 1);
        LEAVE
     :: else -> STORE(0, INSIDE, 0)
     fi
  :: else -> STORE(0, INSIDE, 0)
  fi;
  floor = 0; bits = 0; block = 0
}

/* RunClass.Give: one block, under the lock. */
inline giveLocked(t, mine, from)
{
  LOCK(t);
  if
#ifndef BITS_OF_OWNER
  :: LOAD(t, OWNER) == 1 ->
     bits = LOAD(t, RETURNED);
     atomic { PUT(t, RETURNED, bits | (1 << (mine))); TO(mine, from, IN_RUN) }
#endif
  :: else ->
     bits = LOAD(t, FREE);
     atomic { PUT(t, FREE, bits | (1 << (mine))); TO(mine, from, IN_RUN) };
     STORE(t, USED, LOAD(t, USED) - 1)
  fi;
  UNLOCK(t);
  bits = 0
}

/* BarePath.TryGiveHere and BarePath.GiveSlow. */
inline give(mine)
{
#ifdef OWNER_BEFORE_FLOOR
  STORE(0, INSIDE, 1);
  owner = LOAD(0, OWNER);
  floor = LOAD(0, FLOOR);
#else
  begin();
  owner = LOAD(0, OWNER);
#endif
#ifdef NO_OWNER_CHECK
  owner = 1;
#endif
  if
  :: floor == 0 && owner == 1 ->
     bits = LOAD(0, FREE);
     LEAVE_FIRST;
     atomic { PUT(0, FREE, bits | (1 << (mine))); TO(mine, WITH_OWNER, IN_RUN) };
     STORE(0, USED, LOAD(0, USED) - 1);
     LEAVE;
     bits = 0
  :: else ->
     STORE(0, INSIDE, 0);
     giveLocked(0, mine, WITH_OWNER)
  fi;
  floor = 0; owner = 0
}

/* OwnedRuns.Collect. */
inline collect(t)
{
  bits = LOAD(t, RETURNED);
  STORE(t, FREE, LOAD(t, FREE) | bits);
  STORE(t, RETURNED, 0);
  STORE(t, USED, LOAD(t, USED) - NUMBER(bits));
  bits = 0
}

/* RunClass.TryFill. */
inline fill()
{
#ifdef FILL_IN_GATE
  begin();
  if
  :: floor == 0 ->
#else
  if
  :: true ->
     LOCK(0);
#endif
     collect(0);
     if
     :: LOAD(0, OWNER) == 1 || LOAD(0, FREE) != 0 ->
        STORE(0, OWNER, 1);
        STORE(0, CURRENT, 1)
     :: else
     fi;
#ifdef FILL_IN_GATE
     STORE(0, INSIDE, 0)
  :: else -> STORE(0, INSIDE, 0)
#else
     UNLOCK(0)
#endif
  fi;
  floor = 0
}

proctype home()
{
  byte floor, bits, block, owner, turn;
  do
  :: turn < TURNS ->
     turn++;
     if
     :: take()
     :: place[0] == WITH_OWNER -> give(0)
     :: place[1] == WITH_OWNER -> give(1)
     :: atomic { place[0] == WITH_OWNER && bufCount[0] == 0; place[0] = WITH_OTHER }
     :: fill()
     fi
  :: else -> break
  od;
  turn = 0;
  FENCE(0);
  done++
}

proctype visitor()
{
  byte bits, turn;
#ifdef ANNOUNCE_LATE
  BARRIER(1);
  STORE(1, FLOOR, HIGH);
#else
  STORE(1, FLOOR, HIGH);
  BARRIER(1);
#endif
#ifndef NO_WAIT
  LOAD(1, INSIDE) == 0;
#endif
  /* RunClass.Visit. */
#ifndef VISIT_WITHOUT_LOCK
  LOCK(1);
#endif
  collect(1);
#ifdef PLAIN_END_OF_VISIT
  STORE(1, FLOOR, 0);
#endif
  if
  :: LOAD(1, CURRENT) == 1 || LOAD(1, FREE) != 0 ->
     STORE(1, CURRENT, 0);
     STORE(1, OWNER, 0)
  :: else
  fi;
#ifndef VISIT_WITHOUT_LOCK
  UNLOCK(1);
#endif
#ifndef PLAIN_END_OF_VISIT
  STORE(1, FLOOR, 0);
#endif
  FENCE(1);
  done++;
  done == 3;
  bits = mem[FREE] | mem[RETURNED];
  assert((mem[FREE] & mem[RETURNED]) == 0);
  assert((place[0] == IN_RUN) == (bits & 1) && (place[1] == IN_RUN) == (bits >> 1));
  assert(mem[USED] == 2 - NUMBER(mem[FREE]));
  assert(mem[OWNER] == 1 || mem[RETURNED] == 0)
}

proctype other()
{
  byte bits, block, turn;
  do
  :: turn < 2 ->
     turn++;
     if
     :: place[0] == WITH_OTHER -> giveLocked(2, 0, WITH_OTHER)
     :: place[1] == WITH_OTHER -> giveLocked(2, 1, WITH_OTHER)
     :: true ->
        /* RunClass.Take. */
        LOCK(2);
        bits = LOAD(2, FREE);
        if
        :: LOAD(2, OWNER) == 0 && bits != 0 ->
           atomic { PUT(2, FREE, bits & (bits - 1)); block = LOWEST(bits); TO(block, IN_RUN, WITH_OTHER) };
           STORE(2, USED, LOAD(2, USED) + 1)
        :: else
        fi;
        UNLOCK(2);
        bits = 0; block = 0
     fi
  :: else -> break
  od;
  turn = 0;
  FENCE(2);
  done++
}

init
{
  atomic {
    /* The owner has the first block. */
    mem[OWNER] = 1;
    mem[CURRENT] = 1;
    mem[FREE] = 2;
    mem[USED] = 1;
    place[0] = WITH_OWNER;
    run home();
    run visitor();
    run other()
  }
}
