using NativeBuffers.Blocks.Lifecycle;

namespace NativeBuffers.Blocks.Handles;

/// <summary>Pins of an owned block, and the last pin, which the owner may end itself.</summary>
internal static class PinnedUse
{
    /// <param name="owned">The block of the owner.</param>
    extension(ref OwnedBlock owned)
    {
        /// <summary>Pins the block; null after the end.</summary>
        /// <param name="start">The first element, until the pin ends.</param>
        /// <param name="length">In elements.</param>
        /// <param name="isLast">Whether <see cref="EndLastPin"/> may end it.</param>
        /// <inheritdoc cref="Pin.TryBegin" path="/exception"/>
        public Pin? TryPin(out nint start, out long length, bool isLast)
        {
            unsafe
            {
                // SAFETY: slots are never unmapped. The pin keeps address and length.
                Generation opened;
                Pin? pin;

                // Before the pin, because it may fail.
                OwnedExtras? extras = isLast ? owned.MakeExtras() : null;
                do
                {
                    opened = owned.Opened;
                    pin = Pin.TryBegin(owned.Slot, opened);
                }
                while (pin is null && owned.Opened != opened);

                start = (nint)owned.Start;
                length = owned.BorrowedLength;
                if (pin is not null)
                {
                    // The extras are still this owner's: the end of a pinned block leaves them here.
                    extras?.Pins.Add(pin);
                }

                return pin;
            }
        }

        /// <summary>Ends the last pin that still goes on, if any.</summary>
        public void EndLastPin() => owned.Extras?.Pins.EndLast(owned.Opened);
    }
}
