/* Slot states with borrow, close and remote free.

Model:     One slot. Thread 0 is its home. Threads 0 and 1 may borrow generation 1 and close it, thread 2 borrows or closes it. Thread 0 takes the
           slot again as generation 2 (from its hot place or its remote frees), while the other threads still use and close generation 1.
           With ASIDE, a close that needs a barrier waits in the outbox of its thread, until that thread or thread 0 settles it.
Left out:  Pins, resizes and other homes (pin.pml, exclusive.pml, home.pml), drains by other threads (remote.pml). One record a thread.
           The looks at users in a row: they only make a spurious refusal rare.
Property:  The block is free only while no thread uses it. It gets a new owner only after it was given back, and one at a time. A borrow that
           begins finds its own generation's block. In the end the block is not lost, and no thread waits for ever.

Runs:
  owner:
  rented: POOLED
  waiting: ASIDE
  waiting, rented: ASIDE POOLED

Mutations:
  NO_BARRIER: closing and sharing threads pass no process-wide barrier
  NO_WAIT FEW: they do not wait until the home's thread is outside
  NO_WAIT POOLED FEW: the same for rented buffers
  NO_BARRIER POOLED: the same for rented buffers
  NO_SECOND_LOOK: the closing thread does not look again after ClosePending
  NO_FENCE_BEFORE_FINISH: the thread that ends a use looks at other records before its own clear record is visible
  NO_FINISH_AFTER_USE: the thread that ends the last use does not give the block back
  NO_FINISH_AFTER_REFUSAL: a borrower that came too late does not look whether the close waits for it
  RECORD_AFTER_LOOK FEW: the borrower reads the generation first, then writes its record
  NO_LOOK_AT_OWN_RECORDS: the home's thread closes without a look at its own borrows
  PLAIN_END_OF_BORROW: the end of a borrow is not a release
  PLAIN_LEAVE FEW: leaving is not a release: the clear Inside passes the store of the generation
  NO_BARRIER ASIDE: a close that waits is settled without a barrier
  NO_WAIT ASIDE: it is settled without the wait
  NO_SECOND_LOOK ASIDE: it is settled without the second look
  NO_REREAD_OF_CLOSE ASIDE: it is settled although the home's thread has given the block back at the same time
  NO_ALLOW POOLED FEW: a rented buffer is borrowed without TryAllowUses
  FREE_ALTHOUGH_SHARED POOLED FEW: a rented buffer that was shared goes to the remote frees without a look at its uses
  STORE_FOR_RENTED POOLED FEW: a rented buffer is closed and freed like an owner, whose closing thread moves it on by a plain store
*/
#include "slot.h"

byte done;

#ifdef ASIDE
#define SETTLE(t, box) settleAside(t, box)
#define WITH_N byte n
#else
#define SETTLE(t, box) skip
#define WITH_N skip
#endif

inline wholeBorrow(t, n)
{
#if defined(POOLED) && !defined(NO_ALLOW)
  allowUses(t, n);
  if :: ok -> borrow(t, n) :: else fi
#else
  borrow(t, n)
#endif
}

inline dispose(n)
{
#ifdef POOLED
  returnHere(0, n);
#else
  closeHere(0, n);
#endif
  if :: !ok -> close(0, n) :: else fi;
  ok = 0
}

/* SharedHandle.CloseSlow or OwnedBlock.TryCloseSlow, on another thread. */
inline disposeElsewhere(t, n)
{
#if defined(POOLED) && !defined(STORE_FOR_RENTED)
  returnElsewhere(t, n);
  if :: !ok -> close(t, n) :: else fi
#else
  closeOwner(t, n)
#endif
}

inline drain()
{
  takeBack(0);
  if
  :: ok -> atomic { MOVE_STORE(0, before, Closing, Scoped); assert(hot == 0); hot = 1 }
  :: else
  fi;
  ok = 0;
  before = 0
}

proctype owner()
{
  LOCALS; WITH_N;
  if :: wholeBorrow(0, 1) :: skip fi;
  if
#ifndef POOLED
  /* The owner is closed while this thread borrows it. */
  :: beginBorrow(0, 1);
     if :: ok -> use(0, 1); dispose(1); endBorrow(0, 1) :: else fi
#endif
  :: dispose(1)
  :: skip
  fi;
  if :: SETTLE(0, 1) :: skip fi;
  drain();
  if
#ifndef FEW
  :: hot ->
     atomic { hot = 0; g = LOAD(0, GEN); assert(g == G(2, Scoped)); TAKEN(2); g = 0; MOVE_STORE(0, 2, Scoped, Open) };
#ifndef POOLED
     if
     :: atomic { MOVE_STORE(0, 2, Open, Biased) }
     :: skip
     fi;
#endif
     dispose(2)
#endif
  :: else
  fi;
  SETTLE(0, 0);
  done == 2; FENCE(0); FENCE(1); FENCE(2);
  drain();
  FENCE(0);
  if
  :: !lent -> assert(hot == 1 && STATE(mem[GEN]) == Scoped)
  :: else -> assert(IS_OPEN(mem[GEN], 1))
  fi
}

proctype first()
{
  LOCALS; WITH_N;
  if :: wholeBorrow(1, 1) :: skip fi;
  if :: disposeElsewhere(1, 1) :: skip fi;
  ok = 0;
  SETTLE(1, 1);
  FENCE(1);
  done++
}

proctype second()
{
  LOCALS; WITH_N;
  if
  :: wholeBorrow(2, 1)
  :: close(2, 1)
  fi;
  ok = 0;
  SETTLE(2, 2);
  FENCE(2);
  done++
}

init
{
  atomic {
    mem[HOME] = 1;
#ifdef POOLED
    mem[GEN] = G(1, Open);
#else
    if :: mem[GEN] = G(1, Open) :: mem[GEN] = G(1, Biased) fi;
#endif
    run owner();
    run first();
    run second()
  }
}
