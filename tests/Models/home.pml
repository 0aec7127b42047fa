/* Lists whose home uses the block without an announcement (decision 26).

Model:     One list, whose home is thread 0 at first. Thread 0 uses the block: it compares the home's name, then uses, and nothing tells the other
           threads where it is. Then it does something else (its mark), or closes the list itself, or both. Thread 1 closes the list, or makes
           it grow: the list goes on in a copy, whose home is thread 1. Thread 2 borrows, closes the list, or both. The steps of borrow,
           close and exclusive use are those of slot.h and owned.h.
Left out:  Growth by the home: no other thread takes part in it. Its first block: first.pml. The collector: it finds the object of the block unreachable only while the home
           is at no use, so the end of a pin by the finalizer is a step that waits for that.
Property:  A block is neither freed nor in other hands while any thread uses it. A use finds the block of the object that it compared, and a count that
           is that block's, and not a later one's. The block is given back once, and in the end it is not lost.

Runs:
  close:
  grow: GROW

Mutations:
  NO_NAME_TAKEN: the closing thread does not take the home's name away
  NO_RETIRE_BARRIER GROW: the mark is read without a barrier of the whole process before
  NO_MARK: the pin ends at once
  NO_PIN: the closing thread does not pin the block
  NAME_LATE: the closing thread takes the name away after it has read the mark
  FORGET_HOME: a thread that fails to close forgets that the home may be at its last use
  FREE_EXCLUSIVE GROW: the growing thread gives the old block back at once
  COUNT_AFTER_NAME GROW: the home compares its name, then reads the count
  COUNT_SHOWN_EARLY GROW: the growing thread shows the later count, then takes the home's name away
*/
#define NO_RELEASE 1
#define WORDS 18
#define NAME 15             /* HomeBlock._home: 1 for thread 0, 2 if that was taken away, 0 for none */
#define MARK 16             /* the mark of thread 0 */
#define COUNT 17            /* NativeList.ElementCount: 0 for one that is inside the block, 1 for that of the later block */
#include "owned.h"

/* Variables of the model alone: 1 while thread 0 is at a use, from the comparison on; 1 once thread 0 has ended. */
byte flight;
byte gone;
byte done;

/* A use by the home: compare, use, and nothing else. */
inline useHere()
{
#ifndef COUNT_AFTER_NAME
  c = LOAD(0, COUNT);
#endif
  if
  :: atomic { LOAD(0, NAME) == 1 -> flight = 1 };
#ifdef COUNT_AFTER_NAME
     c = LOAD(0, COUNT);
#endif
     assert(!c);
     use(0, 1);
     atomic { inUse[0] = 0; flight = 0 }
  :: atomic { LOAD(0, NAME) != 1 }
  fi;
  c = 0
}

/* HomeBlock.TakeHome on another thread. Afterwards used is 1 if the home may be at its last use. */
inline takeName(t)
{
  do
  :: atomic { LOAD(t, NAME) == 0 -> used = 0; break }
  :: atomic { LOAD(t, NAME) == 2 -> used = 1; break }
  :: atomic { LOAD(t, NAME) == 1 };
#ifdef NO_NAME_TAKEN
     used = 1; break
#elif defined(FORGET_HOME)
     CAS(t, NAME, 1, 0);
     if :: ok -> used = 1; break :: else fi
#else
     CAS(t, NAME, 1, 2);
     if :: ok -> used = 1; break :: else fi
#endif
  od;
  ok = 0
}

/* RetiredBlock: the block is closed, and pinned by this thread. */
inline retire(t)
{
#ifndef NO_RETIRE_BARRIER
  BARRIER(t);
#endif
  was = LOAD(t, MARK);
#ifdef NAME_LATE
  CAS(t, NAME, 1, 2);
  BARRIER(t);
#endif
#ifndef NO_MARK
  if
  :: LOAD(t, MARK) != was                       /* The home has done something else. */
  :: gone                                       /* The home has ended. */
  :: atomic { !flight && FENCE(0) }             /* The collector stops all threads, and finds the object unreachable. */
  fi;
#endif
  was = 0;
  BARRIER(t);
  uncount(t);
  g = 0;
  CLEAR_HOME;
  ok = 0
}

/* CloseProtocol.Close as in slot.h. Afterwards was is 1 if this thread has closed the block, and not only asked for it. */
inline closeNoted(t)
{
  was = 0;
  do
  :: g = LOAD(t, GEN);
     if
     :: IS_OPEN(g, 1) ->
        leaveOpen(t, 1);
        if :: ok -> closeMoved(t, 1); was = 1; break :: else fi
     :: !IS_OPEN(g, 1) && IS_OVER(g, 1) -> break
     :: else ->
        ASK_TO_CLOSE(t, 1);
        if
        :: ok -> break
        :: else -> LOAD(t, GEN) != g
        fi
     fi
  od;
  g = 0;
  before = 0;
  ok = 0
}

/* HomeBlock.TryClose on another thread than the home. */
inline closeList(t)
{
#ifdef NAME_LATE
  used = LOAD(t, NAME) != 0;
#else
  takeName(t);
#endif
  if
  :: used ->
     used = 0;
#ifndef NO_PIN
     count(t);
#endif
     closeNoted(t);
#ifndef NO_PIN
     if
     :: was -> retire(t)
     :: else -> uncount(t)
     fi
#endif
  :: else -> closeNoted(t)
  fi;
  used = 0;
  was = 0;
  g = 0;
  CLEAR_HOME
}

/* HomeBlock.TryReserve on another thread than the home. The list goes on in another object, which is not in the model. */
inline grow(t)
{
  enterExclusive(t);
  if
  :: ok ->
     atomic { assert(!excludes && lent == 1); excludes = t + 1 };
     STORE(t, NOTE, NO_REQUEST(1));
#ifdef COUNT_SHOWN_EARLY
     STORE(t, COUNT, 1);
#endif
     takeName(t);
     was = used;
     used = 0;
     endNote(t);
     if
     :: ok && !was -> atomic { FENCE(t); excludes = 0 }; MOVE_CAS(t, 1, Exclusive, Shared)
     :: !ok && !was -> closeExclusive(t)
#ifdef FREE_EXCLUSIVE
     :: was -> closeExclusive(t)
#else
     :: was ->
        /* OwnedBlock.CloseExclusivePinned, also if the list was disposed. */
        /* The later block is there now: HomeBlock.Show, by any thread. */
        if :: ok -> STORE(t, COUNT, 1) :: else fi;
        count(t);
        atomic { MOVE_STORE(t, 1, Exclusive, ClosePending); excludes = 0 };
        retire(t)
#endif
     fi
  :: else
  fi;
  was = 0;
  n = 0;
  g = 0;
  CLEAR_HOME;
  ok = 0
}

proctype home0()
{
  LOCALS; byte c;
  useHere();
  if
  :: STORE(0, MARK, 1); useHere()
  :: /* HomeBlock.TryClose at home: at no use. */
     STORE(0, NAME, 0);
     closeHere(0, 1);
     if :: !ok -> close(0, 1) :: else fi
  fi;
  ok = 0;
  atomic { FENCE(0); gone = 1 };
  done++
}

proctype first()
{
  LOCALS; byte n, was;
#ifdef GROW
  grow(1);
#else
  closeList(1);
#endif
  FENCE(1);
  done++
}

proctype second()
{
  LOCALS; byte n, was;
  if
  :: n = 1; beginBorrow(2, 1); if :: ok -> atomic { assert(!excludes); use(2, 1) }; endBorrow(2, 1) :: else fi; n = 0; ok = 0
  :: skip
  fi;
  if :: closeList(2) :: skip fi;
  FENCE(2);
  done++;
  done == 3;
  assert(!excludes && mem[PINS] == 0);
  if
  :: lent -> assert(IS_OPEN(mem[GEN], 1))
  :: else -> assert(hot || mem[TOP] || mem[TOP + 1])
  fi
}

init
{
  atomic {
    mem[HOME] = 1;
    mem[OPENED] = 1;
    mem[NAME] = 1;
    mem[GEN] = G(1, Biased);
    run home0();
    run first();
    run second()
  }
}
