namespace NativeBuffers.Diagnostics.Guards;

/// <summary>Looks at checked blocks by their addresses, and makes them freed ones.</summary>
internal static class CheckedBlocks
{
    /// <summary>What is wrong with a block that was given back, and kept; null if nothing.</summary>
    public static NativeMemoryViolation? FindInFreed(nint block)
    {
        unsafe
        {
            // SAFETY: what is kept can be read.
            return CheckedFindings.InFreed(CheckedHeader.Of((void*)block));
        }
    }

    /// <summary>What is wrong with a block that the quarantine lists; null if nothing.</summary>
    public static NativeMemoryViolation? Find(nint block)
    {
        unsafe
        {
            // SAFETY: what is listed can be read.
            CheckedHeader* header = CheckedHeader.Of((void*)block);
            return !header->IsFreed ? CheckedFindings.InLive(header, release: 0) : CheckedQuarantine.IsTooLarge(header) ? null : CheckedFindings.InFreed(header);
        }
    }

    /// <summary>Makes a block that the quarantine lists a freed one; false if it is not live, or damaged.</summary>
    public static bool TryRetire(nint block, ulong release, bool isFilled)
    {
        unsafe
        {
            // SAFETY: what is listed can be read.
            CheckedHeader* header = CheckedHeader.Of((void*)block);
            if (!header->IsLive || CheckedFindings.InLive(header, release) is not null)
            {
                return false;
            }

            Retire(header, release, isFilled);
            return true;
        }
    }

    /// <summary>Makes a block a freed one.</summary>
    /// <safety>The header is intact, and nobody else frees the block.</safety>
    public static unsafe void Retire(CheckedHeader* header, ulong release, bool isFilled = true)
    {
        header->Release = release;
        header->Mark = CheckedHeader.FreedMark(header->Mark);
        header->Checksum = CheckedHeader.Sum(header);
        if (isFilled)
        {
            CheckedFill.SetLines((byte*)(header + 1), header->Length, CheckedFill.Forbidden);
        }
    }
}
